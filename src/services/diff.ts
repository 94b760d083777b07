/** What differs between two versions of a service, field by field; pure. */
import type { Bounds, ServiceItem, ServiceNow } from './model.ts'

export type Mark = 'new' | 'changed' | 'removed'

/** `place` is a path of `fieldsOf`; texts as they stand, `items.<item>.…` for what belongs to an item. */
export type Difference = {
  place: string
  mark: Mark
  before: string | undefined
  after: string | undefined
}

/** Everything a version says, flat: path → text. Lists are one text, a line each. */
function fieldsOf(now: ServiceNow): Map<string, string> {
  const { id: _id, version: _version, items, clauses, ...body } = now.version
  const { kind, authMethod } = now.service
  const flat = new Map<string, string>([
    ['contract', now.contract.number],
    ['kind', kind],
    ['authMethod', authMethod],
    ['subjectType', now.contract.subjectType],
  ])
  add(flat, '', body)
  for (const [clause, place] of Object.entries(clauses ?? {})) flat.set(`clauses.${clause}`, place)
  for (const item of items) addItem(flat, item)
  return flat
}

function add(flat: Map<string, string>, path: string, value: unknown): void {
  if (Array.isArray(value)) {
    if (value.length) flat.set(path, value.join('\n'))
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value))
      add(flat, path ? `${path}.${key}` : key, inner)
  } else if (typeof value === 'string' || typeof value === 'number') {
    flat.set(path, String(value))
  }
}

function addItem(flat: Map<string, string>, asked: ServiceItem): void {
  const { item, required, purposes, reasons, effects, bounds, retention } = asked
  const path = `items.${item}`
  flat.set(`${path}.required`, required ? 'required' : 'optional')
  flat.set(`${path}.purposes`, purposes.toSorted().join('\n'))
  add(flat, `${path}.reasons`, reasons)
  add(flat, `${path}.effects`, effects)
  add(flat, `${path}.retention`, retention)
  add(flat, `${path}.bounds`, bounds satisfies Bounds | undefined)
}

/** @param before the version in force; undefined: all of it is new */
export function differencesOf(before: ServiceNow | undefined, after: ServiceNow): Difference[] {
  const [then, now] = [before ? fieldsOf(before) : new Map<string, string>(), fieldsOf(after)]
  const places = [...new Set([...then.keys(), ...now.keys()])]
  return places.flatMap((place) => {
    const [was, is] = [then.get(place), now.get(place)]
    if (was === is) return []
    const mark = was === undefined ? 'new' : is === undefined ? 'removed' : 'changed'
    return [{ place, mark, before: was, after: is }]
  })
}

type Cell = { required: boolean; added: boolean } | undefined

type MatrixRow = {
  item: string
  /** Not part of the version in force, and there is one. */
  added: boolean
  /** One per purpose of the matrix. */
  cells: Cell[]
}

export type Matrix = {
  purposes: { id: string; added: boolean }[]
  rows: MatrixRow[]
}

/**
 * Item × purpose, with what is more than in the version in force (A3).
 *
 * @param order purposes in the order of the catalogue
 */
export function matrixOf(
  items: readonly { item: string; purposes: readonly string[]; required: boolean }[],
  before: readonly ServiceItem[] | undefined,
  order: readonly string[],
): Matrix {
  const used = order.filter((id) => items.some(({ purposes }) => purposes.includes(id)))
  const known = (id: string) => before?.some(({ purposes }) => purposes.includes(id)) ?? true
  const purposes = used.map((id) => ({ id, added: !known(id) }))
  const rows = items.map((asked) => {
    const then = before?.find(({ item }) => item === asked.item)
    const cells = used.map((id): Cell => {
      if (!asked.purposes.includes(id)) return undefined
      return {
        required: asked.required,
        added: before !== undefined && !then?.purposes.includes(id),
      }
    })
    return { item: asked.item, added: before !== undefined && !then, cells }
  })
  return { purposes, rows }
}
