/**
 * 審査 – nothing that widens access happens by one person's hand.
 * Owns: proposals, their revisions, every turn they take, and the rule of two persons. Does not own: what a proposal
 * changes: the room of its kind writes that, in the approving transaction. Rows: J4, J8, D-12; rule 7 of the glossary.
 */
import { createHash } from 'node:crypto'
import { canonical, type Json } from '../audit/model.ts'
import { isSamePerson } from '../people/model.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'

/** What a proposal is about; a room that needs another kind adds it here. */
const KINDS = [
  'member',
  'contract',
  'service',
  'stop_member',
  'lift_member',
  'exclude_member',
  'stop_service',
  'lift_service',
  'hand_over',
  'operator',
  'phase',
  'retention',
  'leak_letter',
] as const
export type Kind = (typeof KINDS)[number]

/**
 * draft: being written · submitted: with the consortium (staff, applicants) · returned: 補正, back with its author ·
 * proposed: one operator stands for it, a second must see it · approved, refused, withdrawn: over.
 */
export type State =
  'draft' | 'submitted' | 'returned' | 'proposed' | 'approved' | 'refused' | 'withdrawn'

export type TurnKind =
  | 'drafted'
  | 'edited'
  | 'submitted'
  | 'returned'
  | 'proposed'
  | 'approved'
  | 'refused'
  | 'withdrawn'

/** A proposal with its newest revision. */
export type Proposal = {
  id: string
  kind: Kind
  subjectId: string | null
  memberId: string | null
  state: State
  revision: number
  body: { [key: string]: Json }
  /** SHA-256 over kind, subject and body, in hex: what a decision binds to. */
  hash: string
  createdAt: Date
  changedAt: Date
}

/** One turn in the life of a proposal, oldest first on its page. */
export type Turn = {
  turn: TurnKind
  revision: number
  hash: string
  byKind: 'operator' | 'staff' | 'applicant' | 'system'
  byId: string
  note: string | null
  at: Date
}

/** What the hash is made of, so that a body cannot be approved for another subject. */
export function canonicalOf(
  kind: Kind,
  subjectId: string | null,
  body: { [key: string]: Json },
): { text: string; hash: Buffer } {
  const text = canonical({ kind, subject: subjectId, body })
  return { text, hash: createHash('sha256').update(text).digest() }
}

/** States in which a proposal is still on its way. */
export const OPEN: readonly State[] = ['draft', 'submitted', 'returned', 'proposed']

/** Whether anything can still become of it. */
export const isOpen = (proposal: Pick<Proposal, 'state'> | undefined): boolean =>
  proposal !== undefined && OPEN.includes(proposal.state)

/** Longest word to the author of what is given back or declined. */
const NOTE_LENGTH = 1000

/** The note of such a step, trimmed. @throws Refusal invalid_input at `note` */
export function noted(note: string | undefined): string {
  const text = note?.trim() ?? ''
  if (text === '') throw new Refusal('invalid_input', { fields: { note: 'required' } })
  if (text.length > NOTE_LENGTH)
    throw new Refusal('invalid_input', { fields: { note: 'too_long' } })
  return text
}

/** Turns that make somebody an author of what is decided; who only answered it is none (J4). */
const AUTHORS: readonly TurnKind[] = ['drafted', 'edited', 'submitted', 'proposed']

/** Whether the account had a hand in what is decided, for the buttons; the decision looks at persons again. */
export function hadAHand(turns: readonly Turn[], accountId: string | undefined): boolean {
  return turns.some(({ turn, byId }) => byId === accountId && AUTHORS.includes(turn))
}

/** From which states a turn may be taken, and where it leads. */
export const STEPS: Record<Exclude<TurnKind, 'drafted'>, { from: readonly State[]; to: State }> = {
  // An edit voids what was said of the version before it.
  edited: { from: OPEN, to: 'draft' },
  submitted: { from: ['draft', 'returned'], to: 'submitted' },
  returned: { from: ['submitted', 'proposed'], to: 'returned' },
  proposed: { from: ['draft', 'submitted'], to: 'proposed' },
  approved: { from: ['proposed'], to: 'approved' },
  refused: { from: ['submitted', 'proposed'], to: 'refused' },
  withdrawn: { from: OPEN, to: 'withdrawn' },
}

/** Whether nobody behind these marks wrote, edited, submitted or proposed any of it. */
export function isSecondPerson(by: Person, involved: readonly (readonly string[])[]): boolean {
  return by.kind === 'operator' && !involved.some((marks) => isSamePerson(marks, by.marks))
}
