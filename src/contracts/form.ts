/** The form of a contract: flat fields ↔ what the schema admits. Rows are added and removed by buttons, without scripts. */
import type { Fault } from '../input/faults.ts'
import type { Fields } from '../refusal.ts'
import { DEFAULT_BEARERS, type Bearers } from './model.ts'
import type { ContractAsked } from './schema.ts'

/** A posted or prefilled form: texts, and lists of the boxes that are ticked. */
export type Form = Record<string, string | string[]>

export const ROW_KINDS = ['flow', 'approval', 'document'] as const
export type RowKind = (typeof ROW_KINDS)[number]

const ROW_FIELDS: Record<RowKind, { texts: readonly string[]; lists: readonly string[] }> = {
  flow: {
    texts: ['giver', 'dataset', 'delivery', 'from', 'to', 'consideration'],
    lists: ['items', 'purposes'],
  },
  approval: { texts: ['kind', 'number', 'date', 'text'], lists: [] },
  document: { texts: ['number', 'date', 'title', 'sender', 'sha256'], lists: [] },
}

const S10 = ['dataContent', 'delivery', 'rights', 'confidentiality', 'responsibility'] as const
const FOREIGN = ['country', 'ground', 'system', 'measures', 'link', 'reason'] as const
const CAUSE_FIELDS = ['giver_system', 'receiver_system', 'receiver_use'] as const
const SINGLE = [
  ...['number', 'from', 'to', 'subjectType', 'offlineAccess', 'template', 'retention'],
  ...S10,
  ...['foreign_kind', ...FOREIGN.map((field) => `foreign_${field}`)],
  ...['auditNoticeDays', 'auditLimit'],
  ...CAUSE_FIELDS.map((cause) => `bearer_${cause}`),
  'bearers_confirmed',
]

const text = { type: 'string', maxLength: 4000 } as const
const row = (kind: RowKind, fields: readonly string[]) =>
  `^${kind}_[0-9]{1,2}_(${fields.join('|')})$`

/** What may be posted at all: every other field is refused (mass assignment, L9). */
export const formSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    step: {
      type: 'string',
      maxLength: 20,
      pattern: '^(save|add_[a-z]+|remove_[a-z]+_[0-9]{1,2})$',
    },
    hash: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    member: text,
    ...Object.fromEntries(SINGLE.map((name) => [name, text])),
  },
  patternProperties: Object.fromEntries(
    ROW_KINDS.flatMap((kind) => [
      [row(kind, ROW_FIELDS[kind].texts), text],
      ...(ROW_FIELDS[kind].lists.length
        ? [
            [
              row(kind, ROW_FIELDS[kind].lists),
              { anyOf: [text, { type: 'array', maxItems: 60, items: text }] },
            ],
          ]
        : []),
    ]),
  ),
} as const

/** The numbers of the rows of a kind that a form holds, in their order. */
export function rowsOf(form: Form, kind: RowKind): number[] {
  const numbers = Object.keys(form).flatMap((name) => {
    const found = new RegExp(`^${kind}_(\\d+)_`).exec(name)?.[1]
    return found ? [Number(found)] : []
  })
  return [...new Set(numbers)].sort((a, b) => a - b)
}

const one = (form: Form, name: string): string => {
  const value = form[name]
  return (Array.isArray(value) ? (value[0] ?? '') : (value ?? '')).trim()
}
const many = (form: Form, name: string): string[] => {
  const value = form[name] ?? []
  return (Array.isArray(value) ? value : [value]).filter((text) => text !== '')
}

/** One paragraph; an empty text is left out, so that the schema says what is missing. */
const given = (form: Form, name: string, as: string) => {
  const value = one(form, name).replaceAll(/\s*[\r\n]+\s*/g, ' ')
  return value === '' ? {} : { [as]: value }
}

/** What the form says, in the shape of the schema; whether it is right is for the schema and the rules to say. */
export function givenBy(form: Form): Record<string, unknown> {
  const days = one(form, 'auditNoticeDays')
  const yes = (name: string) => ({ yes: true, no: false })[one(form, name)] as boolean | undefined
  const offlineAccess = yes('offlineAccess')
  const rows = (kind: RowKind) => rowsOf(form, kind).map((n) => rowOf(form, kind, n))
  return {
    ...[
      'number',
      'from',
      'to',
      'subjectType',
      'template',
      'retention',
      'auditLimit',
      ...S10,
    ].reduce((all, name) => ({ ...all, ...given(form, name, name) }), {}),
    ...(offlineAccess !== undefined && { offlineAccess }),
    ...(days !== '' && { auditNoticeDays: /^\d{1,4}$/.test(days) ? Number(days) : days }),
    foreign: foreignBy(form),
    bearers: {
      ...CAUSE_FIELDS.reduce(
        (all, cause) => ({ ...all, ...given(form, `bearer_${cause}`, cause) }),
        {},
      ),
      confirmed: one(form, 'bearers_confirmed') === 'yes',
    },
    flows: rows('flow'),
    approvals: rows('approval'),
    documents: rows('document'),
  }
}

/** Only what belongs to the answer: what was typed for another one does not count. */
function foreignBy(form: Form): object {
  const kind = one(form, 'foreign_kind')
  const fields =
    kind === 'country'
      ? FOREIGN.filter((field) => field !== 'reason')
      : kind === 'unknown'
        ? (['reason'] as const)
        : []
  return fields.reduce((all, field) => ({ ...all, ...given(form, `foreign_${field}`, field) }), {
    ...(kind !== '' && { kind }),
  })
}

function rowOf(form: Form, kind: RowKind, n: number): object {
  const { texts, lists } = ROW_FIELDS[kind]
  const name = (field: string) => `${kind}_${n}_${field}`
  const said = texts.reduce((all, field) => ({ ...all, ...given(form, name(field), field) }), {})
  const ticked = Object.fromEntries(lists.map((field) => [field, many(form, name(field))]))
  const giver = one(form, name('giver'))
  const receiver = { consortium: 'member', member: 'consortium' }[giver]
  return { ...said, ...ticked, ...(receiver && { receiver }) }
}

/** A contract as the form shows it. What it does not say yet is as the installation and the document have it. */
export function formOf(asked: Partial<ContractAsked>): Form {
  const form: Form = {}
  const put = (name: string, value: string | number | undefined) => {
    if (value !== undefined) form[name] = String(value)
  }
  for (const name of ['number', 'from', 'to', 'subjectType', 'template', 'retention'] as const)
    put(name, asked[name])
  for (const name of [...S10, 'auditNoticeDays', 'auditLimit'] as const) put(name, asked[name])
  if (asked.offlineAccess !== undefined) form['offlineAccess'] = asked.offlineAccess ? 'yes' : 'no'
  put('foreign_kind', asked.foreign?.kind)
  for (const field of FOREIGN) put(`foreign_${field}`, asked.foreign?.[field])
  const bearers: Bearers = asked.bearers ?? DEFAULT_BEARERS
  for (const cause of CAUSE_FIELDS) form[`bearer_${cause}`] = bearers[cause]
  form['bearers_confirmed'] = bearers.confirmed ? 'yes' : 'no'
  const lists = { flow: asked.flows, approval: asked.approvals, document: asked.documents }
  for (const kind of ROW_KINDS)
    lists[kind]?.forEach((entry, n) => putRow(form, kind, n, entry as Record<string, unknown>))
  return form
}

function putRow(form: Form, kind: RowKind, n: number, entry: Record<string, unknown>): void {
  const { texts, lists } = ROW_FIELDS[kind]
  for (const field of texts)
    form[`${kind}_${n}_${field}`] = (entry[field] as string | undefined) ?? ''
  for (const field of lists) form[`${kind}_${n}_${field}`] = (entry[field] as string[]) ?? []
}

const MOST: Record<RowKind, number> = { flow: 50, approval: 30, document: 30 }

/**
 * The form after the button that was pressed: a row more or less, and nothing else lost.
 *
 * @returns undefined where it was the button that saves
 */
export function stepped(form: Form, step: string): Form | undefined {
  const [, kindOf = '', number] = /^(?:add|remove)_([a-z]+)(?:_(\d+))?$/.exec(step) ?? []
  const kind = ROW_KINDS.find((one) => one === kindOf)
  if (!kind) return undefined
  const kept = rowsOf(form, kind).filter((n) => n !== Number(number ?? -1))
  const rest = Object.entries(form).filter(([name]) => !name.startsWith(`${kind}_`))
  const next: Form = Object.fromEntries(rest)
  kept.forEach((from, n) => {
    for (const field of [...ROW_FIELDS[kind].texts, ...ROW_FIELDS[kind].lists])
      next[`${kind}_${n}_${field}`] = form[`${kind}_${from}_${field}`] ?? ''
  })
  if (number === undefined && kept.length < MOST[kind]) putRow(next, kind, kept.length, {})
  return next
}

/** JSON Pointers of faults as fields of the form: what is wrong in a list stands at its row, or at its section. */
export function fieldsOf(faults: readonly Fault[]): Fields {
  const fields: Fields = {}
  for (const { path, rule } of faults) fields[fieldOf(path)] ??= rule
  return fields
}

const LISTS: Record<string, RowKind> = {
  flows: 'flow',
  approvals: 'approval',
  documents: 'document',
}

function fieldOf(path: string): string {
  const [, first = '', second, third] = path.split('/')
  const kind = LISTS[first]
  if (kind && second === undefined) return first
  if (kind) return `${kind}_${second}_${place(kind, third)}`
  if (first === 'foreign') return `foreign_${second ?? 'kind'}`
  if (first === 'bearers') return second === 'confirmed' ? 'bearers_confirmed' : `bearer_${second}`
  return first
}

/** A row's own fault stands at its first day: a flow outside the contract's term. */
function place(kind: RowKind, field: string | undefined): string {
  if (field === 'receiver') return 'giver'
  return field ?? (kind === 'flow' ? 'from' : 'number')
}
