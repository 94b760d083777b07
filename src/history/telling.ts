/** An entry in plain words: what happened, what was asked, what was given, and why not the rest. */
import {
  isItemId,
  itemNames,
  purposeNames,
  type Catalogue,
  type IdKind,
} from '../catalogue/model.ts'
import { numberOf } from '../consents/model.ts'
import type { Rich } from '../http/parts.ts'
import { messages, type Language } from '../locales/index.ts'
import type { words } from '../locales/words.ts'
import type { ServiceNow } from '../services/model.ts'
import type { Viewer } from './line_queries.ts'
import type { HistoryRow } from './model.ts'
import type { Told } from './pages.ts'
import type { Named } from './parties.ts'

/** What every line needs to know. */
export type View = {
  language: Language
  /** Dates and lists of this language: made once, since a file has a hundred thousand lines. */
  w: ReturnType<typeof words>
  catalogue: Catalogue
  services: ReadonlyMap<string, ServiceNow>
  consortium: string
  /** What is younger than this says why something was not given; of older records nobody noted it. */
  reasonsSince: Date | undefined
  /** What was provided before was erased at the end of its term. */
  erasedUntil: Date | undefined
}

/** What the lines of this page say beside their own row. */
export type Around = {
  /** By consent. */
  declined: ReadonlyMap<string, string[]>
  /** By showing. */
  offered: ReadonlyMap<string, string[]>
  viewers: ReadonlyMap<string, Viewer>
  /** By entry: the service and company of that day. */
  named: ReadonlyMap<string, Named>
}

type Asked = Pick<Told, 'asked' | 'given' | 'rest'>
const NOTHING: Asked = { asked: [], given: [], rest: [] }

/** @param idKind of the ID this entry is about; undefined: of none or of several */
export function itemLabel(id: string, idKind: IdKind | undefined, view: View): string {
  return itemNames(view.catalogue.items, id, idKind)[view.language]
}

/** In the order of the catalogue, each once. */
function labelsOf(ids: readonly string[], idKind: IdKind | undefined, view: View): string[] {
  const order = view.catalogue.items.map((item): string => item.id)
  return [...new Set(ids)]
    .filter(isItemId)
    .toSorted((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((id) => itemLabel(id, idKind, view))
}

/** An entry in words; undefined where its service is unknown. */
export function tell(row: HistoryRow, around: Around, view: View): Told | undefined {
  const then = around.named.get(row.id)
  if (row.service_id !== null && !then) return undefined
  const { language } = view
  const face =
    row.service_id !== null && then
      ? { id: row.service_id, name: then.service[language], provider: then.provider[language] }
      : undefined
  const idKind = then?.idKind
  const named = face ? messages[language].frame.named(face.name, face.provider) : ''
  const { paths } = messages[language].records
  const { details } = row
  return {
    id: row.id,
    at: row.at,
    kind: row.kind,
    service: face,
    sentence: sentenceOf(row, { named, idKind, around }, view),
    ...askedOf(row, { idKind, around }, view),
    purposes: (details.purposes ?? []).map(
      (id) => purposeNames(view.catalogue.purposes, id)[language],
    ),
    path:
      details.path === undefined ? undefined : (paths[details.path as 'userinfo'] ?? details.path),
    notes: notesOf(row, around, view),
    link: linkOf(row, view),
  }
}

type With = { named: string; idKind: IdKind | undefined; around: Around }

function sentenceOf(row: HistoryRow, { named, idKind, around }: With, view: View): Rich {
  const t = messages[view.language]
  const h = t.history
  const { w } = view
  const { details } = row
  const items = w.list(labelsOf(row.items, idKind, view))
  const until = details.ends_at === undefined ? '' : w.lastDay(new Date(details.ends_at))
  const what = row.items[0] ?? ''
  switch (row.kind) {
    case 'consent':
      return h.consent(named, row.items.length, items, until)
    case 'change':
      return h.change(named, items, until)
    case 'withdrawal':
      return withdrawal(row, named, view)
    case 'deletion':
      if (what === 'asked') return h.deletionAsked(named, details.number ?? '')
      return h.deletionOf(
        named,
        what in h.deletions ? h.deletions[what as 'done'] : h.deletions.overdue,
      )
    case 'provision':
      return h.provision(named, items)
    case 'denial':
      return h.denial(named, h.denials[(details.why ?? 'ended') as 'ended'])
    case 'pause':
    case 'expiry':
    case 'refusal':
    case 'unanswered':
      return h[row.kind](named)
    case 'stop':
      return stopped(row, named, view)
    case 'profile':
      return h.profile(w.list(row.items.map((id) => itemLabel(id, undefined, view))))
    case 'terms':
      return [
        h.terms[what === 'collection' || what === 'terms' ? what : 'provision'][
          details.given ? 'on' : 'off'
        ],
      ]
    case 'account':
      return [what in h.account ? h.account[what as 'other'] : h.account.other]
    case 'view':
      return viewed(around.viewers.get(row.id), view)
    case 'notice':
      return h.notice
    case 'request': {
      const of = h.requestOf[(details.of ?? 'report') as 'report']
      return h.request(
        of,
        details.number ?? '',
        h.requestSteps[(details.outcome ?? 'received') as 'received'],
      )
    }
  }
}

function withdrawal(row: HistoryRow, named: string, view: View): Rich {
  const t = messages[view.language]
  const number = numberOf({ id: row.id, kind: 'withdrawn', agreedAt: row.at })
  const { acted_by, deletion } = row.details
  const said =
    acted_by === 'service'
      ? t.history.withdrawalThere(named, number)
      : acted_by === 'operator'
        ? t.history.withdrawalByDesk(named, row.details.number ?? '', number)
        : t.history.withdrawal(named, number)
  return deletion ? [...said, t.frame.gap, t.history.deletion] : said
}

function stopped({ details }: HistoryRow, named: string, { language }: View): Rich {
  const { history: h, stopping, frame } = messages[language]
  if (details.lifted) return h.lifted(named)
  const why = stopping.reasons[(details.reason ?? 'other') as 'other']
  const said = details.excluded ? h.excluded(named, why) : h.stopped(named, why)
  const more = details.said?.[language]
  return more ? [...said, frame.gap, more] : said
}

function viewed(viewer: Viewer | undefined, view: View): Rich {
  const { history: h, desk } = messages[view.language]
  const roles = (viewer?.roles ?? []).map((role) => desk.roles[role as 'auditor'] ?? role)
  const who =
    viewer?.kind === 'staff'
      ? h.staff(viewer.company?.[view.language] ?? h.someCompany)
      : h.operator(view.consortium, view.w.list(roles))
  const act = viewer?.act ?? ''
  return act in h.viewed ? h.viewed[act as 'operators.view_person'](who) : h.handled(who, act)
}

/** What was asked for, what was given, and why not the rest. */
function askedOf(row: HistoryRow, { idKind, around }: Omit<With, 'named'>, view: View): Asked {
  const { whyNot } = messages[view.language].history
  const { details } = row
  const label = (ids: readonly string[]) => labelsOf(ids, idKind, view)
  const because = (why: keyof typeof whyNot, ids: readonly string[]) =>
    ids.length ? [{ items: label(ids), why: whyNot[why] }] : []
  if (row.kind === 'refusal' || row.kind === 'unanswered') {
    const asked = around.offered.get(row.id) ?? []
    const why = row.kind === 'refusal' ? 'refused' : 'unanswered'
    return { asked: label(asked), given: [], rest: because(why, asked) }
  }
  if (row.kind !== 'consent' && row.kind !== 'change' && row.kind !== 'provision') return NOTHING
  const withheld = Object.entries(details.withheld ?? {})
  const declined = declinedIn(row, around)
  const byReason = (['not_approved', 'bound', 'no_value'] as const).flatMap((why) =>
    because(
      why,
      withheld.filter(([, reason]) => reason === why).map(([id]) => id),
    ),
  )
  return {
    asked: label([...row.items, ...declined, ...withheld.map(([id]) => id)]),
    given: label(row.items),
    rest: [...because('declined', declined), ...byReason],
  }
}

/** An ID token asks for the ID alone; elsewhere all that the consent screen asked for stands behind a request. */
function declinedIn({ kind, details }: HistoryRow, around: Around): string[] {
  if (kind !== 'provision') return details.declined ?? []
  if (details.path !== 'userinfo') return []
  return around.declined.get(details.consent ?? '') ?? []
}

function notesOf(row: HistoryRow, around: Around, { language }: View): string[] {
  const { history: h } = messages[language]
  if (row.kind === 'denial') return [h.denialNote]
  const asksWhy = row.kind === 'view' && around.viewers.get(row.id)?.act === 'operators.view_person'
  return asksWhy ? [h.viewNote] : []
}

function linkOf(row: HistoryRow, { language }: View): Told['link'] {
  const { history: h } = messages[language]
  const { showing } = row.details
  if (showing && row.kind !== 'unanswered' && row.kind !== 'refusal')
    return { href: `/account/services/${row.service_id}/showings/${showing}`, text: h.showing }
  if (row.kind === 'notice') return { href: `/account/letters/${row.id}`, text: h.noticeLink }
  return row.kind === 'request'
    ? { href: `/account/requests/${row.details.case}`, text: h.requestLink }
    : undefined
}

/** A sentence without its links and stress. */
export const plainText = (rich: Rich): string =>
  rich
    .map((piece) => {
      if (typeof piece === 'string') return piece
      if ('href' in piece) return piece.text
      if ('name' in piece) return piece.name
      return 'strong' in piece ? piece.strong : piece.code
    })
    .join('')
