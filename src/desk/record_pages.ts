/** What views/desk/record.eta shows of the audit record, and a line of its file. */
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Json } from '../audit/model.ts'
import type { Kind } from '../reviews/model.ts'
import { hrefOf } from './model.ts'
import type { ActorKind, Event } from './record_queries.ts'

export type RecordRow = {
  id: string
  at: string
  kind: string
  /** Name and company; undefined: an id alone. */
  who: string | undefined
  whoId: string | undefined
  roles: string
  act: string
  object: { kind: string; id: string; href: string | undefined } | undefined
  before: string | undefined
  after: string | undefined
  reason: string | undefined
  details: { key: string; value: string }[]
}

/** views/desk/record.eta */
export type RecordPage = {
  values: { q: string; actor: string; from: string; to: string; order: string }
  actors: { value: ActorKind; label: string }[]
  fields: Record<string, string>
  entries: RecordRow[]
  nextHref: string | undefined
  firstHref: string | undefined
  exportHref: string
}

/** Pages of the console on which an object stands, by its kind in the audit record. */
const PAGES: Record<string, (id: string) => string> = {
  member: (id) => `/admin/members/${id}`,
  contract: (id) => `/admin/contracts/${id}`,
  service: (id) => `/admin/services/${id}`,
  operator: (id) => `/admin/operators/${id}`,
  duty: (id) => `/admin/duties/${id}`,
}

function pageOf({ objectKind, objectId, details }: Event): string | undefined {
  if (!objectKind || !objectId) return undefined
  const subject = details['subject']
  if (!objectKind.startsWith('proposal.')) return PAGES[objectKind]?.(objectId)
  const kind = objectKind.slice('proposal.'.length) as Kind
  return hrefOf({
    id: objectId,
    kind,
    subjectId: typeof subject === 'string' ? subject : null,
  })
}

const textOf = (value: Json | undefined) =>
  value === undefined || value === null
    ? undefined
    : typeof value === 'string'
      ? value
      : JSON.stringify(value)

/** Details that have columns of their own. */
const SHOWN = ['before', 'after', 'reason']

export function recordRow(event: Event, language: Language): RecordRow {
  const { desk } = messages[language]
  const w = words(language)
  const { details } = event
  const roles = event.actorRoles ?? []
  const names: Record<string, string> = { ...desk.roles, ...desk.staffRoles }
  const who = [event.actorCompany, event.actorName].filter(Boolean).join(' ')
  return {
    id: event.id,
    at: w.instant(event.at),
    kind: desk.record.actors[event.actorKind],
    who: who || undefined,
    whoId: event.actorId ?? undefined,
    roles: w.list(roles.map((role) => names[role] ?? role)),
    act: event.act,
    object:
      event.objectKind && event.objectId
        ? { kind: event.objectKind, id: event.objectId, href: pageOf(event) }
        : undefined,
    before: textOf(details['before']),
    after: textOf(details['after']),
    reason: event.reason ?? undefined,
    details: Object.entries(details).flatMap(([key, value]) => {
      const text = SHOWN.includes(key) ? undefined : textOf(value)
      return text === undefined ? [] : [{ key, value: text }]
    }),
  }
}

/** The columns of the file, in its order; times in UTC, as they were kept. */
export const COLUMNS = [
  'id',
  'at',
  'actor_kind',
  'actor_id',
  'actor_name',
  'actor_company',
  'actor_roles',
  'act',
  'object_kind',
  'object_id',
  'before',
  'after',
  'reason',
  'details',
] as const

export function recordCells(event: Event): string[] {
  const { details } = event
  return [
    event.id,
    event.at.toISOString(),
    event.actorKind,
    event.actorId ?? '',
    event.actorName ?? '',
    event.actorCompany ?? '',
    (event.actorRoles ?? []).join(' '),
    event.act,
    event.objectKind ?? '',
    event.objectId ?? '',
    textOf(details['before']) ?? '',
    textOf(details['after']) ?? '',
    event.reason ?? '',
    JSON.stringify(details),
  ]
}
