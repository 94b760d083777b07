/** What a file of records says: the columns of each side, in the order of the law, and the same as JSON. */
import { line } from '../http/csv.ts'
import { messages, type Language } from '../locales/index.ts'
import type { Both } from '../installation.ts'
import { SIDES, type Entry, type Form, type Lump, type Side } from './model.ts'

export type Row = Entry | Lump

/** How the giver came by the data (APPI 30(1)(ii)): each item from the person themselves, the ID made for them. */
function obtainedOf(row: Row): Both {
  const entered = row.items.some(({ id }) => id !== 'user_id')
  const issued = row.items.some(({ id }) => id === 'user_id')
  const say = (language: Language) => {
    const t = messages[language].records.obtained
    return [entered && t.entered, issued && t.issued].filter(Boolean).join(t.and)
  }
  return { ja: say('ja'), en: say('en') }
}

type Column = [key: keyof Words, value: (row: Row, language: Language) => string | number]
type Words = (typeof messages)['ja']['records']['columns']

const time = (row: Row): string => (row.kind === 'raw' ? row.at.toISOString() : '')
const list = (names: readonly { names: Both }[], language: Language) =>
  names.map((one) => one.names[language]).join(language === 'ja' ? '、' : ', ')

const WHEN: Record<Form, Column[]> = {
  raw: [
    ['record', (row) => (row.kind === 'raw' ? row.id : '')],
    ['at', time],
  ],
  lump: [
    ['from', (row) => (row.kind === 'lump' ? row.from.toISOString() : '')],
    ['until', (row) => (row.kind === 'lump' ? row.to.toISOString() : '')],
    ['times', (row) => (row.kind === 'lump' ? row.times : 1)],
  ],
}

const CONSENTED: Column[] = [
  ['consented', (_, l) => messages[l].records.consented],
  ['consent', (row) => row.consent.id],
  ['consentAt', (row) => row.consent.agreedAt.toISOString()],
]

const WHO: Record<Side, Column[]> = {
  giver: [
    ['receiver', (row, l) => row.receiver.names[l]],
    ['receiverNumber', (row) => row.receiver.corporateNumber],
    ['receiverAddress', (row, l) => row.receiver.address[l]],
    ['receiverRepresentative', (row, l) => row.receiver.representative[l]],
    ['userId', (row) => row.userId],
    ['sub', (row) => row.sub],
  ],
  receiver: [
    ['giver', (row, l) => row.giver.names[l]],
    ['giverLead', (row, l) => row.giver.lead?.[l] ?? ''],
    ['giverAddress', (row, l) => row.giver.address[l]],
    ['giverRepresentative', (row, l) => row.giver.representative[l]],
    ['obtained', (row, l) => obtainedOf(row)[l]],
    ['sub', (row) => row.sub],
  ],
}

const ITEMS: Column = ['items', (row, l) => list(row.items, l)]

/** What the law does not ask for. */
const BESIDE: Column[] = [
  ['purposes', (row, l) => list(row.purposes, l)],
  ['service', (row, l) => row.service[l]],
  ['contract', (row) => row.contract],
  ['test', (row, l) => (row.test ? messages[l].records.testPerson : '')],
]
const PATH: Column = [
  'path',
  (row, l) => (row.kind === 'raw' ? messages[l].records.paths[row.path] : ''),
]

/**
 * Which record and when, then the law's own order, where a consent is the ground: the consent, the other side, the
 * person, the items. Giver: APPI 29, rule 20(1)(ii); receiver: APPI 30, rule 24(1)(ii).
 */
const columnsOf = (side: Side, form: Form): Column[] => [
  ...WHEN[form],
  ...CONSENTED,
  ...WHO[side],
  ITEMS,
  ...BESIDE,
  ...(form === 'raw' ? [PATH] : []),
]

export const isSide = (text: unknown): text is Side => SIDES.includes(text as Side)

/** The heading line of a CSV. */
export const csvHead = (side: Side, form: Form, language: Language): string =>
  line(columnsOf(side, form).map(([key]) => messages[language].records.columns[key]))

/** Lines of a CSV; times in UTC, as they were kept. */
export function csvLines(rows: readonly Row[], side: Side, form: Form, language: Language): string {
  const columns = columnsOf(side, form)
  return rows.map((row) => line(columns.map(([, value]) => value(row, language)))).join('')
}

/** One row as JSON, both languages. The receiver never sees an ID that is not its own. */
export function jsonOf(row: Row, side: Side) {
  const when =
    row.kind === 'raw'
      ? { record: row.id, at: row.at.toISOString(), path: row.path }
      : { from: row.from.toISOString(), until: row.to.toISOString(), times: row.times }
  const { memberId: _, ...receiver } = row.receiver
  const who =
    side === 'giver'
      ? { receiver, person: { userId: row.userId, sub: row.sub } }
      : { giver: row.giver, obtained: obtainedOf(row), person: { sub: row.sub } }
  return {
    ...when,
    consent: {
      obtained: true,
      id: row.consent.id,
      version: row.consent.version,
      at: row.consent.agreedAt.toISOString(),
      text: { template: row.consent.template, version: row.consent.templateVersion },
    },
    ...who,
    items: row.items.map(({ id, names }) => ({ id, names })),
    purposes: row.purposes,
    service: { id: row.serviceId, names: row.service },
    contract: row.contract,
    test: row.test,
  }
}
