/** The turns of a proposal in words, for the pages of every room on which two persons decide. */
import type { Env } from '../env.ts'
import type { Choice, ShownTurn } from '../http/parts.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal, Turn, TurnKind } from '../reviews/model.ts'
import * as store from './store.ts'

export type Told = {
  /** The oldest first. */
  turns: readonly Turn[]
  /** The newest first. */
  shown: ShownTurn[]
  /** Who took such a turn last, and when; undefined: nobody. */
  last: (kind: TurnKind) => { name: string; at: string } | undefined
}

/** Every turn of a proposal, with the names of the operators who took them. */
export async function told(env: Env, proposal: Proposal, language: Language): Promise<Told> {
  const turns = await reviews.turns(env, proposal.id)
  const ids = turns.map(({ byId }) => byId)
  return tell(turns, await store.names(env.db, ids), language)
}

/** The same of what was read already; a name that is not known is a dash. */
export function tell(
  turns: readonly Turn[],
  names: ReadonlyMap<string, string>,
  language: Language,
): Told {
  const { dateTime } = words(language)
  const nameOf = ({ byId }: Turn) => names.get(byId) ?? '—'
  return {
    turns,
    shown: turns.toReversed().map((turn) => ({
      turn: turn.turn,
      revision: turn.revision,
      who: nameOf(turn),
      at: dateTime(turn.at),
      note: turn.note || undefined,
    })),
    last(kind) {
      const found = turns.findLast(({ turn }) => turn === kind)
      return found && { name: nameOf(found), at: dateTime(found.at) }
    },
  }
}

/** The last step of the address a choice posts to. */
const VERBS = {
  propose: 'propose',
  approve: 'approve',
  giveBack: 'return',
  refuse: 'refuse',
  withdraw: 'withdraw',
} as const

/** A button of the two-person box: it posts to `base/<verb>`. */
export const choiceAt = (base: string, key: Choice['key']): Choice => ({
  key,
  action: `${base}/${VERBS[key]}`,
})
