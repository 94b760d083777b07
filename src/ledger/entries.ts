/** What a row of evidence must say, column by column: its canonical text is the entry, and the columns repeat it. */
import { commitment, leafHash } from '../audit/model.ts'
import type { Source, Tree } from './model.ts'

/** A row as PostgreSQL writes it as text, in a query with `::text` or in a dump. */
export type Row = Record<string, string | null>

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
type Read<J extends Json = Json> = (text: string) => J

const same: Read = (text) => text
/** What is not written as PostgreSQL writes it stays text, which no entry says. */
const integer: Read = (text) => (String(Number(text)) === text ? Number(text) : text)
const TRUTH: Record<string, boolean> = { t: true, true: true, f: false, false: false }
const truth: Read = (text) => TRUTH[text] ?? text
const json: Read = (text) => JSON.parse(text) as Json
const bytes: Read = (text) => text.replace(/^\\x/, '')

/** `2026-11-21 05:15:30.12+00` → `2026-11-21T05:15:30.120Z` */
const moment: Read<string> = (text) => {
  if (text.endsWith('+00') && text[10] === ' ') {
    const [seconds = '', fraction = ''] = text.slice(0, -3).split('.')
    if (fraction.length <= 3)
      return `${seconds.slice(0, 10)}T${seconds.slice(11)}.${fraction.padEnd(3, '0')}Z`
  }
  const [, day, time, zone = '+00'] = /^(\S+) ([\d:.]+)([+-]\d\d(?::\d\d)?)$/.exec(text) ?? []
  return new Date(`${day}T${time}${zone.length === 3 ? `${zone}:00` : zone}`).toISOString()
}

/** `{a,"b c"}`; the names of items and purposes hold no quotes. */
const list = (text: string): string[] | string => {
  if (text === '{}') return []
  if (!text.startsWith('{') || !text.endsWith('}')) return text
  const parts = text.slice(1, -1).split(',')
  return parts.map((part) => (/^".*"$/s.test(part) ? part.slice(1, -1) : part))
}

const integers: Read = (text) => {
  const parts = list(text)
  return Array.isArray(parts) ? parts.map(integer) : parts
}

const items: Read = (text) =>
  (json(text) as { [key: string]: Json }[]).map((item) => ({
    item: item['item'] ?? null,
    version: item['itemVersion'] ?? null,
    purposes: item['purposes'] ?? null,
    required: item['required'] ?? null,
    ...(item['bounds'] !== undefined && { bounds: item['bounds'] }),
  }))

type Table = {
  tree: Tree
  table: string
  /** When the entry was made. */
  at: string
  /** Member of the entry → the column that repeats it. */
  columns: Record<string, [column: string, read: Read]>
  /** Members that say nothing else than the kind of entry. */
  fixed?: Record<string, string>
}

export const TABLES: Record<Source, Table> = {
  terms: {
    tree: 'provisions',
    table: 'resident_terms',
    at: 'at',
    columns: {
      id: ['id', same],
      kind: ['kind', same],
      given: ['given', truth],
      template: ['template', same],
      template_version: ['template_version', integer],
      template_hash: ['template_hash', bytes],
      language: ['language', same],
      shown_at: ['shown_at', moment],
      at: ['at', moment],
    },
  },
  consents: {
    tree: 'provisions',
    table: 'consents',
    at: 'agreed_at',
    columns: {
      id: ['id', same],
      event: ['kind', same],
      agreement: ['agreement_id', same],
      version: ['version', integer],
      service: ['service_id', same],
      member: ['member_id', same],
      service_version: ['service_version_id', same],
      contract_version: ['contract_version_id', same],
      template: ['template', same],
      template_version: ['template_version', integer],
      template_hash: ['template_hash', bytes],
      language: ['language', same],
      showing: ['showing_id', same],
      page_hash: ['page_hash', bytes],
      shown_at: ['shown_at', moment],
      agreed_at: ['agreed_at', moment],
      items: ['items', items],
      declined: ['declined', list],
      subject_type: ['subject_type', same],
      ends_at: ['ends_at', moment],
      deletion_requested: ['deletion_requested', truth],
      acted_by: ['acted_by', same],
      on_request: ['on_request', same],
    },
  },
  provisions: {
    tree: 'provisions',
    table: 'provision_records',
    at: 'at',
    fixed: { event: 'provision' },
    columns: {
      id: ['id', same],
      at: ['at', moment],
      service: ['service_id', same],
      member: ['member_id', same],
      agreement: ['agreement_id', same],
      consent: ['consent_id', same],
      service_version: ['service_version_id', same],
      contract_version: ['contract_version_id', same],
      path: ['path', same],
      items: ['items', list],
      purposes: ['purposes', list],
      withheld: ['withheld', json],
    },
  },
  closures: {
    tree: 'provisions',
    table: 'retention_closures',
    at: 'at',
    fixed: { event: 'range_closed' },
    columns: {
      id: ['id', same],
      proposal: ['proposal_id', same],
      from: ['from_at', moment],
      until: ['until_at', moment],
      entries: ['entries', integer],
      first: ['first_index', integer],
      last: ['last_index', integer],
      others: ['others', integers],
      root: ['root', bytes],
      approval: ['approval_hash', bytes],
      at: ['at', moment],
    },
  },
  audit: {
    tree: 'audit',
    table: 'audit_events',
    at: 'at',
    columns: {
      id: ['id', same],
      at: ['at', moment],
      actor_kind: ['actor_kind', same],
      act: ['act', same],
      object_kind: ['object_kind', same],
      details: ['details', json],
    },
  },
}

const columnsIn = (source: Source) => Object.entries(TABLES[source].columns)
/** The same, ready to go along a million times. */
const COLUMNS: Record<Source, [string, Table['columns'][string]][]> = {
  terms: columnsIn('terms'),
  consents: columnsIn('consents'),
  provisions: columnsIn('provisions'),
  closures: columnsIn('closures'),
  audit: columnsIn('audit'),
}

/** The columns an auditor reads of a table; undefined: all. */
export function columnsOf(table: string): string[] | undefined {
  const found = Object.values(TABLES).find((one) => one.table === table)
  if (!found) return undefined
  const own = Object.values(found.columns).map(([column]) => column)
  if (table === 'retention_closures') own.push('month')
  const whose =
    found.tree === 'audit'
      ? ['actor_id', 'object_id', 'salt']
      : ['resident_id', 'agreement_id', 'signature']
  return [...new Set([...own, ...whose, 'canonical', 'leaf_hash'])]
}

export type Why =
  | 'hash_differs'
  | 'column_differs'
  | 'subject_differs'
  | 'row_missing'
  | 'row_twice'
  | 'gap'
  | 'placed_twice'
  | 'leaf_differs'
  | 'not_placed'
  | 'back_dated'
  | 'root_differs'
  | 'node_differs'
  | 'tail_missing'
  | 'signature'
  | 'witness_differs'
  | 'rolled_back'
  | 'closure_forged'
  | 'closure_differs'

/** Whose agreement it is, for rows that name one. */
export type Agreements = Map<string, { resident: string; service: string }>

/** `at`: in milliseconds; NaN where the row does not say. */
export type Checked = { source: Source; hash: Buffer; at: number; why?: Why; column?: string }

/**
 * Holds a row to itself: hash, every column that repeats the entry, and whose it is.
 *
 * @param agreements to hold the person and the service of consents and provisions to
 * @param residents  that exist
 */
export function check(
  source: Source,
  row: Row,
  known: { agreements: Agreements; residents: ReadonlySet<string> },
): Checked {
  const { fixed = {}, at } = TABLES[source]
  const stored = Buffer.from(String(row['leaf_hash']).replace(/^\\x/, ''), 'hex')
  const time = timeOf(row[at])
  const found = (why: Why, column?: string): Checked => ({
    source,
    hash: stored,
    at: time,
    why,
    ...(column && { column }),
  })
  const text = row['canonical'] ?? ''
  if (!leafHash(text).equals(stored)) return found('hash_differs')
  const entry = entryIn(text)
  if (!entry) return found('column_differs', 'canonical')
  for (const [member, [column, read]] of COLUMNS[source])
    if (!says(row[column], read, entry[member] ?? null)) return found('column_differs', column)
  for (const [member, value] of Object.entries(fixed))
    if (entry[member] !== value) return found('column_differs', member)
  if (source === 'closures' && !isMonthOf(row['month'], entry['from']))
    return found('column_differs', 'month')
  const whose = subjectFault(source, row, entry, known)
  return whose ? found('subject_differs', whose) : { source, hash: stored, at: time }
}

/** Whether a column says what the entry does; damaged JSON and a moment that is none say nothing. */
function says(text: string | null | undefined, read: Read, expected: Json): boolean {
  if (text === null || text === undefined) return expected === null
  try {
    return isSame(read(text), expected)
  } catch {
    return false
  }
}

/** The entry that a canonical text is; undefined where it is none. */
function entryIn(text: string): { [key: string]: Json } | undefined {
  try {
    const value = JSON.parse(text) as Json
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** In milliseconds; NaN where the column is no moment. */
export function timeOf(text: string | null | undefined): number {
  try {
    return Date.parse(moment(text ?? ''))
  } catch {
    return NaN
  }
}

/** Whether a closed range begins with the month that its row names. */
const isMonthOf = (month: string | null | undefined, from: Json | undefined) =>
  typeof from === 'string' && from === `${month}T00:00:00.000Z`

function subjectFault(
  source: Source,
  row: Row,
  entry: { [key: string]: Json },
  { agreements, residents }: { agreements: Agreements; residents: ReadonlySet<string> },
): string | undefined {
  if (source === 'audit') {
    const salt = Buffer.from((row['salt'] ?? '').replace(/^\\x/, ''), 'hex')
    for (const [member, column] of [
      ['actor', 'actor_id'],
      ['object', 'object_id'],
    ] as const) {
      const value = row[column]
      const expected = value === null || value === undefined ? null : commitment(salt, value)
      if (entry[member] !== expected) return column
    }
    return undefined
  }
  if (source === 'closures') return undefined
  const resident = row['resident_id'] ?? ''
  if (!residents.has(resident)) return 'resident_id'
  if (source === 'terms') return undefined
  const agreement = agreements.get(row['agreement_id'] ?? '')
  if (!agreement || agreement.resident !== resident) return 'resident_id'
  return agreement.service === row['service_id'] ? undefined : 'service_id'
}

function isSame(one: Json, other: Json): boolean {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null)
    return one === other
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const [keys, others] = [Object.keys(one), Object.keys(other)]
  return (
    keys.length === others.length &&
    keys.every(
      (key) =>
        Object.hasOwn(other, key) &&
        isSame(
          (one as Record<string, Json>)[key] ?? null,
          (other as Record<string, Json>)[key] ?? null,
        ),
    )
  )
}
