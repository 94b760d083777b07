/** Who decides about figures and words of a round, and what became of them so far. */
import type { Env } from '../env.ts'
import type { Choice, Decide, ShownTurn } from '../http/parts.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as operators from '../operators/actions.ts'
import type { OperatorHere } from '../persons.ts'
import * as reviews from '../reviews/actions.ts'
import { isOpen, type Proposal } from '../reviews/model.ts'

export type Said = { note: string; fields: Record<string, string> }
type Deciding = { operator: OperatorHere; language: Language; path: string; said: Said | undefined }

/** The box of two persons: a privacy officer stands for the words, an approver who had no hand in them decides. */
export async function decideOf(env: Env, proposal: Proposal, at: Deciding): Promise<Decide> {
  const { operator, language, path, said } = at
  const turns = await reviews.turns(env, proposal.id)
  const names = await operators.names(
    env,
    turns.map(({ byId }) => byId),
  )
  const involved = turns.some(({ byId }) => byId === operator.id)
  const first = turns.findLast(({ turn }) => turn === 'proposed')
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
    choices: keys.map((key) => ({ key, action: `${path}/${VERBS[key]}` })),
    why: keys.length ? undefined : why,
    first:
      proposal.state === 'proposed' && first
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

/** Every turn of the words, the newest first. */
export async function turnsOf(
  env: Env,
  proposal: Proposal,
  language: Language,
): Promise<ShownTurn[]> {
  const turns = await reviews.turns(env, proposal.id)
  const names = await operators.names(
    env,
    turns.map(({ byId }) => byId),
  )
  return turns.toReversed().map((turn) => ({
    turn: turn.turn,
    revision: turn.revision,
    who: names.get(turn.byId) ?? '',
    at: words(language).dateTime(turn.at),
    note: turn.note || undefined,
  }))
}
