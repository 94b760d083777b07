/** 書面による事前の承諾 (S-37): onward provision and use outside the purpose are forbidden until the giver says yes. */
import { endOfDay } from '../input/days.ts'
import { addDays } from '../input/business_days.ts'
import { cancelling } from './cancelling.ts'
import { field, textOf, type Act, type Faults, type Noun, type Values } from './model.ts'

/** Until when the giver answers; own rule. */
const ANSWER_DAYS = 30

const ask: Act = {
  who: 'receiver',
  from: [],
  fields: [
    field.must('approval_for', 'one', ['onward', 'other_purpose']),
    field.must('what', 'text'),
    field.may('to_whom', 'line'),
    field.must('why', 'text'),
  ],
  operators: ['registrar'],
  staff: ['manager'],
  document: true,
  next: () => 'asked',
  faults: (values): Faults =>
    values['approval_for'] === 'onward' && !textOf(values, 'to_whom')
      ? { to_whom: { rule: 'required' } }
      : {},
  due: (_, { today }) => endOfDay(addDays(today, ANSWER_DAYS)),
}

const answer: Act = {
  who: 'giver',
  from: ['asked'],
  fields: [
    field.must('verdict', 'one', ['granted', 'refused']),
    field.may('conditions', 'text'),
    field.may('until', 'day'),
    field.may('reason', 'text'),
  ],
  operators: ['approver'],
  staff: ['manager'],
  document: true,
  fresh: true,
  next: (values) => (values['verdict'] === 'granted' ? 'granted' : 'refused'),
  faults: (values: Values, { today }): Faults => ({
    ...(values['verdict'] === 'refused' && !textOf(values, 'reason')
      ? { reason: { rule: 'required' } }
      : {}),
    ...(textOf(values, 'until') && textOf(values, 'until') < today
      ? { until: { rule: 'due_past', day: today } }
      : {}),
  }),
  due: () => null,
}

export const approvals: Noun = {
  row: 'S-37',
  on: 'flow',
  opens: 'ask',
  acts: { ask, answer, cancel: cancelling(['asked'], 'receiver') },
}
