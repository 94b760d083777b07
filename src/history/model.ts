/**
 * 履歴 – the resident's timeline of everything that happened to their information.
 * Owns: how the timeline is read, told, filtered, taken along and reported. Does not own: any record in it; each stands
 * in the room that made it, and the timeline is read from there (derive, don't cascade).
 * Law: APPI 33(5) (records of provision), 24 (watching over those who work with data). Rows: R8, L1, M9.
 */
import type { IdKind } from '../catalogue/model.ts'
import { keyed } from '../vault.ts'
import { isUuid } from '../input/ids.ts'

/**
 * What happened. Programs rely on these words: none is ever renamed (pages.md, "Fixed addresses").
 * unanswered: the consent screen was left; denial: a service asked and got nothing; view: somebody of the consortium or
 * of a company looked; stop: the consortium stopped a service or let it go on; notice: a letter about a leak; request:
 * 開示などの請求 and reports.
 */
export const KINDS = [
  'consent',
  'change',
  'pause',
  'withdrawal',
  'expiry',
  'deletion',
  'refusal',
  'provision',
  'profile',
  'terms',
  'account',
  'unanswered',
  'denial',
  'view',
  'stop',
  'notice',
  'request',
] as const
export type HistoryKind = (typeof KINDS)[number]

/** A place in the timeline: entries are in the order of their time, and of their id where that is the same. */
export type Place = { at: Date; id: string }

/** Where a page begins: entries before a place (older), or after it (newer). */
export type Cursor = Place & { way: 'older' | 'newer' }

/** How long an interaction with a service may take (oidc/limits.ts): then a screen without an answer was left. */
export const LEFT_AFTER_MS = 1_800_000

/** What is searched for, as the catalogue and the services know it: an entry matches one of these. */
export type Search = {
  kinds: HistoryKind[]
  services: string[]
  companies: string[]
  items: string[]
}

export type HistoryFilter = {
  residentId: string
  service: string | undefined
  kind: HistoryKind | undefined
  item: string | undefined
  /** Inclusive. */
  from: Date | undefined
  /** Exclusive. */
  to: Date | undefined
  search: Search | undefined
}

/**
 * Whether entries must be looked at one by one to tell whether they match: those of a service and of a kind are found by
 * an index, however many others there are.
 */
export const looksThrough = ({ item, search }: HistoryFilter): boolean =>
  item !== undefined || search !== undefined

export type HistoryRow = Place & {
  kind: HistoryKind
  service_id: string | null
  /** Item ids, or what changed. */
  items: string[]
  details: Details
}

/** Whom an entry is about: the company of that day, and the versions its evidence names. */
export type Party = {
  member?: string
  /** Of the service. */
  version?: string
  /** Of the contract. */
  contract?: string
  id_kind?: IdKind
}

/** By kind; see source_queries.ts. */
type Details = {
  party?: Party | null
  path?: string
  ends_at?: string
  showing?: string | null
  deletion?: boolean
  given?: boolean
  purposes?: string[]
  consent?: string
  declined?: string[]
  withheld?: { [item: string]: string }
  why?: string
  acted_by?: 'service' | 'operator' | null
  lifted?: boolean
  excluded?: boolean
  whole?: boolean
  reason?: string
  said?: { ja: string; en: string | null }
  case?: string
  number?: string
  of?: string
  outcome?: string
}

/** An opaque mark of a place for this resident alone; anything else is none (L1). */
export function writeCursor(key: Buffer, residentId: string, { at, id, way }: Cursor): string {
  const text = `${way === 'older' ? 'o' : 'n'}.${at.getTime().toString(36)}.${id}`
  return `${text}.${macOf(key, residentId, text)}`
}

/** The place a mark stands for; undefined where it was altered or made for somebody else. */
export function readCursor(key: Buffer, residentId: string, mark: string): Cursor | undefined {
  const [way, at = '', id, mac, more] = mark.split('.')
  if (more !== undefined || (way !== 'o' && way !== 'n') || !isUuid(id)) return undefined
  if (!/^[0-9a-z]{1,10}$/.test(at) || mac !== macOf(key, residentId, `${way}.${at}.${id}`))
    return undefined
  return { at: new Date(parseInt(at, 36)), id, way: way === 'o' ? 'older' : 'newer' }
}

const macOf = (key: Buffer, residentId: string, text: string) =>
  keyed(key, `history:${residentId}:${text}`).toString('base64url').slice(0, 22)
