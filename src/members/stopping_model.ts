/**
 * 停止と除外 – what may be stopped, by which decision, and what is said about it (S-51, J9). Pure.
 * A suspension has a way back; an exclusion is final. Both need two persons, and so does the way back.
 */
import type { Kind } from '../reviews/model.ts'

/** Why, as residents read it; the words are `t.stopping.reasons`. */
export const REASONS = [
  'security',
  'data_handling',
  'contract_breach',
  'unanswered',
  'company_request',
  'other',
] as const
export type StopReason =
  | (typeof REASONS)[number]
  /** Of a lift: the reason no longer stands. */
  | 'resolved'

export type Aim = 'suspend' | 'exclude' | 'lift'

/** What is stopped: a whole company, or one service of it. */
export type SubjectKind = 'member' | 'service'

/** What a proposal of this room holds; the keys are what its hash is made of. */
export type StopBody = {
  aim: Aim
  reason: StopReason
  /** Shown to residents; `en` empty: the English words of the reason alone. For a lift: what was put right. */
  residents: { ja: string; en: string }
  /** Told to the company alone. */
  company: string
  /** ISO 8601; null: at once on approval. */
  effectiveAt: string | null
}

/** A stop that has not ended. */
export type Stop = {
  id: string
  memberId: string
  /** Null: the whole company. */
  serviceId: string | null
  turnedTo: 'suspended' | 'excluded'
  /** The status before. */
  was: string
  reason: StopReason
  forResidents: { ja: string; en: string }
  forCompany: string
  effectiveAt: Date
  approvedAt: Date
}

/** What a stop would reach, counted at this moment. */
export type DryRun = {
  services: {
    id: string
    clientId: string
    ja: string
    en: string
    status: string
    consents: number
  }[]
  /** Programs of the company at /api/v1. */
  apiClients: number
  accessTokens: number
  refreshTokens: number
  /** Residents with a consent in force: each is told by mail. */
  residents: number
  /** Staff who work there, and how many of their sessions are open. */
  staff: number
  staffSessions: number
  /** Mails to the company: its contact and its managers. */
  companyMails: number
}

const KINDS: Record<SubjectKind, Partial<Record<Aim, Kind>>> = {
  member: { suspend: 'stop_member', exclude: 'exclude_member', lift: 'lift_member' },
  service: { suspend: 'stop_service', lift: 'lift_service' },
}

/** Every kind of proposal about such a subject. */
export const kindsOf = (subject: SubjectKind): Kind[] => Object.values(KINDS[subject])

/** The kind of proposal; undefined where there is none: a service is not excluded. */
export const kindOf = (subject: SubjectKind, aim: Aim): Kind | undefined => KINDS[subject][aim]

const FROM: Record<SubjectKind, Record<Aim, readonly string[]>> = {
  member: {
    suspend: ['approved', 'active'],
    exclude: ['approved', 'active', 'suspended'],
    lift: ['suspended'],
  },
  service: { suspend: ['live'], exclude: [], lift: ['suspended'] },
}

/** What can be decided about a subject now. @param planned whether a stop is set to come: it can be called off */
export function aimsFor(subject: SubjectKind, status: string, planned: boolean): Aim[] {
  const aims: Aim[] = ['suspend', 'exclude', 'lift']
  return aims.filter((aim) => FROM[subject][aim].includes(status) || (aim === 'lift' && planned))
}

/** The status a stop leads to, or back to where it is not known what was before. */
export function statusAfter(subject: SubjectKind, aim: Aim, was: string | undefined): string {
  if (aim === 'lift') return was ?? (subject === 'member' ? 'active' : 'live')
  return aim === 'exclude' ? 'excluded' : 'suspended'
}

const TOKYO = '+09:00'
/** How far ahead a stop may be set, in milliseconds: a year. */
const FURTHEST = 366 * 86_400_000

/**
 * The moment typed into the form (HTML datetime-local, Asia/Tokyo); null where it was left empty.
 *
 * @returns a message key of t.forms.errors where it is no moment, or not ahead
 */
export function momentOf(typed: string, now: Date): { at: Date | null } | { fault: string } {
  if (typed === '') return { at: null }
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(typed)) return { fault: 'not_valid' }
  const at = new Date(`${typed}:00${TOKYO}`)
  if (Number.isNaN(at.getTime())) return { fault: 'not_valid' }
  if (at <= now) return { fault: 'moment_past' }
  return at.getTime() - now.getTime() > FURTHEST ? { fault: 'moment_too_far' } : { at }
}
