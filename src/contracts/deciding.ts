/** The box of two persons, for contracts and phases alike. */
import type { Choice, Decide } from '../http/parts.ts'
import * as operators from '../operators/actions.ts'
import type { OperatorHere } from '../persons.ts'
import { hadAHand, isOpen, type Proposal } from '../reviews/model.ts'

type Reading = { operator: OperatorHere | undefined; base: string }
type Said = { note?: string; fields?: Record<string, string> }

/** What the reader may do with a proposal now; each button posts to `base/<verb>`. */
export function decideBox(
  proposal: Proposal,
  { turns, last }: operators.Told,
  { operator, base }: Reading,
  said: Said = {},
): Decide {
  const involved = hadAHand(turns, operator?.id)
  const approver = operator?.roles.includes('approver') ?? false
  const registrar = operator?.roles.includes('registrar') ?? false
  const mayDecide = proposal.state === 'proposed' && approver && !involved
  const keys: Choice['key'][] = [
    ...(proposal.state === 'draft' && registrar ? (['propose'] as const) : []),
    ...(mayDecide ? (['approve', 'giveBack', 'refuse'] as const) : []),
    ...(isOpen(proposal) && registrar ? (['withdraw'] as const) : []),
  ]
  return {
    hash: proposal.hash,
    choices: keys.map((key) => operators.choiceAt(base, key)),
    why: mayDecide ? undefined : whyNot(proposal, { approver, involved }),
    first: proposal.state === 'proposed' ? last('proposed') : undefined,
    ...said,
  }
}

function whyNot(
  proposal: Proposal,
  { approver, involved }: { approver: boolean; involved: boolean },
): Decide['why'] {
  if (!isOpen(proposal)) return 'over'
  if (proposal.state !== 'proposed') return undefined
  return approver && involved ? 'involved' : 'role'
}
