/** The box of two persons and the record of a procedure, for contracts and phases alike. */
import type { Env } from '../env.ts'
import type { Choice, Decide, ShownTurn } from '../http/parts.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as operators from '../operators/actions.ts'
import type { OperatorHere } from '../persons.ts'
import * as reviews from '../reviews/actions.ts'
import { isOpen, type Proposal } from '../reviews/model.ts'

type Reading = { operator: OperatorHere | undefined; language: Language; base: string }
type Said = { note?: string; fields?: Record<string, string> }

/** Every turn of a proposal, the newest first. */
export async function shownTurns(
  env: Env,
  proposal: Proposal,
  language: Language,
): Promise<ShownTurn[]> {
  const turns = await reviews.turns(env, proposal.id)
  const ids = turns.map(({ byId }) => byId)
  const names = await operators.names(env, ids)
  return turns.toReversed().map((turn) => ({
    turn: turn.turn,
    revision: turn.revision,
    who: names.get(turn.byId) ?? '',
    at: words(language).dateTime(turn.at),
    note: turn.note || undefined,
  }))
}

/** What the reader may do with a proposal now; each button posts to `base/<verb>`. */
export async function decideBox(
  env: Env,
  proposal: Proposal,
  { operator, language, base }: Reading,
  said: Said = {},
): Promise<Decide> {
  const turns = await reviews.turns(env, proposal.id)
  const names = await operators.names(
    env,
    turns.map(({ byId }) => byId),
  )
  const proposed = turns.findLast((turn) => turn.turn === 'proposed')
  const involved = turns.some(
    (turn) => turn.byId === operator?.id && ['drafted', 'edited', 'proposed'].includes(turn.turn),
  )
  const approver = operator?.roles.includes('approver') ?? false
  const registrar = operator?.roles.includes('registrar') ?? false
  const mayDecide = proposal.state === 'proposed' && approver && !involved
  const keys: Choice['key'][] = [
    ...(proposal.state === 'draft' && registrar ? (['propose'] as const) : []),
    ...(mayDecide ? (['approve', 'giveBack', 'refuse'] as const) : []),
    ...(isOpen(proposal) && registrar ? (['withdraw'] as const) : []),
  ]
  const first = proposal.state === 'proposed' && proposed
  return {
    hash: proposal.hash,
    choices: keys.map((key) => ({ key, action: `${base}/${VERBS[key]}` })),
    why: mayDecide ? undefined : whyNot(proposal, { approver, involved }),
    first: first
      ? { name: names.get(first.byId) ?? '', at: words(language).dateTime(first.at) }
      : undefined,
    ...said,
  }
}

const VERBS = {
  propose: 'propose',
  approve: 'approve',
  giveBack: 'return',
  refuse: 'refuse',
  withdraw: 'withdraw',
} as const

function whyNot(
  proposal: Proposal,
  { approver, involved }: { approver: boolean; involved: boolean },
): Decide['why'] {
  if (!isOpen(proposal)) return 'over'
  if (proposal.state !== 'proposed') return undefined
  return approver && involved ? 'involved' : 'role'
}
