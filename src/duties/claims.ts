/** 請求・苦情 (S-38, S-40, I-34): the cause decides who bears it, as the contract says. */
import { CAUSES, type Bearers, type Cause } from '../contracts/model.ts'
import { endOfDay } from '../input/days.ts'
import { addDays } from '../input/business_days.ts'
import {
  field,
  textOf,
  type Act,
  type Around,
  type Faults,
  type Noun,
  type Values,
} from './model.ts'

/** Within how many days the person or company hears an answer; 要確認, the documents only say 適切かつ迅速 (I-34). */
const ANSWER_DAYS = 14

const open: Act = {
  who: 'either',
  from: [],
  fields: [
    field.must('matter', 'one', ['complaint', 'claim']),
    field.must('cause', 'one', CAUSES),
    field.must('what', 'text'),
    field.may('delivered', 'text'),
    field.may('amount', 'yen'),
  ],
  operators: ['registrar'],
  staff: ['manager'],
  document: true,
  next: () => 'open',
  due: (_, { today }) => endOfDay(addDays(today, ANSWER_DAYS)),
}

const answer: Act = {
  who: 'either',
  from: ['open', 'answered'],
  fields: [field.must('answer', 'text')],
  operators: ['registrar'],
  staff: ['manager'],
  document: true,
  next: () => 'answered',
  due: () => null,
}

const settle: Act = {
  who: 'consortium',
  from: ['answered'],
  fields: [
    field.must('bearer', 'one', ['giver', 'receiver', 'shared']),
    field.may('giver_amount', 'yen'),
    field.may('receiver_amount', 'yen'),
    field.may('deviation', 'text'),
    field.must('conclusion', 'text'),
  ],
  operators: ['registrar', 'approver'],
  staff: [],
  document: true,
  next: () => 'settled',
  faults: settleFaults,
  due: () => null,
}

export const claims: Noun = {
  row: 'S-38',
  on: 'flow',
  opens: 'open',
  acts: { open, answer, settle },
}

/** Who bears this cause by the contract. */
export function bearerOf(cause: string, bearers: Bearers): 'giver' | 'receiver' | undefined {
  const known = CAUSES.find((one): one is Cause => one === cause)
  return known && bearers[known]
}

/** Another bearer than the contract's needs its reason in writing. */
function settleFaults(values: Values, { soFar, flow }: Around): Faults {
  const bearer = flow && bearerOf(textOf(soFar, 'cause'), flow.bearers)
  return bearer && values['bearer'] !== bearer && !textOf(values, 'deviation')
    ? { deviation: { rule: 'bearer_deviates' } }
    : {}
}
