/**
 * 書面で届いたもの: what a company that is stopped hands in on paper, registered by an operator in its name (S-48, S-51).
 * The step is the company's; who registered it and when the paper came stay with it.
 */
import { dayOf } from '../input/days.ts'
import { field, type Act, type Around, type Case, type Faults, type Values } from './model.ts'
import { NOUNS, offered } from './nouns.ts'

const RECEIVED_ON = field.must('paper_received_on', 'day')

const made = new WeakMap<Act, Act>()

/** An act of a company as an operator registers it from paper, always the same object; undefined where it cannot be. */
export function onPaper(act: Act): Act | undefined {
  const { who, from, staff, fresh } = act
  const answers = from.length > 0 && !from.includes('draft')
  if (!answers || fresh || !staff.length || (who !== 'receiver' && who !== 'either'))
    return undefined
  let paper = made.get(act)
  if (!paper) {
    const fields = [RECEIVED_ON, ...act.fields]
    const faults = (values: Values, around: Around) => ({
      ...act.faults?.(values, around),
      ...dayFaults(values, around),
    })
    made.set(act, (paper = { ...act, fields, faults }))
  }
  return paper
}

function dayFaults(values: Values, { today, case: of }: Around): Faults {
  const day = String(values[RECEIVED_ON.name])
  if (day > today) return { [RECEIVED_ON.name]: { rule: 'day_future' } }
  const early = of !== undefined && day < dayOf(of.openedAt)
  return early ? { [RECEIVED_ON.name]: { rule: 'paper_before' } } : {}
}

/** What may be registered from paper for a case now: only while its company is kept from the portal. */
export function offeredOnPaper(of: Case, { memberStopped }: Around): [name: string, act: Act][] {
  if (!memberStopped || (of.kind === 'leak' && of.receiver === 'consortium')) return []
  return offered(of, 'member').flatMap(([name, act]): [string, Act][] => {
    const paper = onPaper(act)
    return paper ? [[name, paper]] : []
  })
}

/** Whether what a step says came on paper. */
export const cameOnPaper = (body: Values): boolean => body[RECEIVED_ON.name] !== undefined

/** The fields of a step that was taken: those of its act, and the day of the paper. */
export const fieldsOf = (kind: Case['kind'], step: string) => [
  RECEIVED_ON,
  ...(NOUNS[kind].acts[step]?.fields ?? []),
]
