/** Who may see and do what, and how a broken rule is said (J2, S-36). */
import { Refusal } from '../refusal.ts'
import type { Act, Actor, Case, Faults, Kind } from './model.ts'
import { actOf } from './nouns.ts'

/** A case that this actor may see: not another company's, not a draft of the other side. @throws Refusal not_found */
export function visible(of: Case | undefined, actor: Actor): Case {
  const theirs =
    of &&
    (actor.memberId === undefined
      ? of.state !== 'draft' || of.receiver === 'consortium'
      : of.memberId === actor.memberId && !(of.kind === 'leak' && of.receiver === 'consortium'))
  if (!of || !theirs) throw new Refusal('not_found')
  return of
}

/** An act by its name. @throws Refusal not_found */
export function known(kind: Kind, name: string): Act {
  const act = actOf(kind, name)
  if (!act) throw new Refusal('not_found')
  return act
}

/** One's own report is judged by the other side only (S-36, S-42), and the like. */
export function notYours(act: Act, of: Case): Refusal {
  const rule = of.kind === 'report' && act.who === 'giver' ? 'own_report' : 'not_your_side'
  return new Refusal('invalid_input', { fields: { [act.fields[0]?.name ?? '']: rule } })
}

/** A case about this flow is opened by the other side. */
export const wrongSide = (act: Act) =>
  new Refusal('invalid_input', {
    fields: { flow: act.who === 'receiver' ? 'flow_not_received' : 'flow_not_given' },
  })

/** Says which fields break which rule; the words get what the rule says beside (a day, a number). */
export function refuseWrong(faults: Faults | undefined): void {
  const wrong = Object.entries(faults ?? {})
  if (!wrong.length) return
  const fields = Object.fromEntries(wrong.map(([field, { rule }]) => [field, rule]))
  throw new Refusal('invalid_input', { fields, faults })
}
