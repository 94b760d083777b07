/** Who decides about the words of a round. */
import type { Choice, Decide } from '../http/parts.ts'
import * as operators from '../operators/actions.ts'
import type { OperatorHere } from '../persons.ts'
import { hadAHand, isOpen, type Proposal } from '../reviews/model.ts'

export type Said = { note: string; fields: Record<string, string> }
type Deciding = {
  operator: OperatorHere
  told: operators.Told
  path: string
  said: Said | undefined
}

/** The box of two persons: a privacy officer stands for the words, an approver who had no hand in them decides. */
export function decideOf(proposal: Proposal, { operator, told, path, said }: Deciding): Decide {
  const involved = hadAHand(told.turns, operator.id)
  const keys: Choice['key'][] = []
  if (proposal.state === 'draft' && operator.roles.includes('privacy_officer')) keys.push('propose')
  const approver = operator.roles.includes('approver')
  const decides = proposal.state === 'proposed' && approver && !involved
  if (decides) keys.push('approve', 'giveBack', 'refuse')
  const why = !isOpen(proposal)
    ? 'over'
    : proposal.state !== 'proposed'
      ? 'state'
      : involved
        ? 'involved'
        : approver
          ? undefined
          : 'role'
  return {
    hash: proposal.hash,
    choices: keys.map((key) => operators.choiceAt(path, key)),
    why: keys.length ? undefined : why,
    first: proposal.state === 'proposed' ? told.last('proposed') : undefined,
    ...said,
  }
}
