/** The desk's pages of a round: how far it is, its figures, its words and who decides. */
import { line } from '../http/csv.ts'
import type { Env } from '../env.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as operators from '../operators/actions.ts'
import type { OperatorHere } from '../persons.ts'
import * as incidents from './actions.ts'
import { letterShown, samplePerson } from './composing.ts'
import { decideOf, type Said } from './deciding.ts'
import { PARTS, type Body, type Figures, type Finding, type Incident } from './model.ts'
import type { ListPage, OnePage, PreviewPage } from './pages.ts'
import * as queries from './queries.ts'
import { holderOf } from './sending.ts'

export const PATH = '/admin/incidents'
/** A mail not handed over for so long: the letter goes on paper. */
export const PAPER_MS = 24 * 3_600_000

const TONES = {
  counting: 'warn',
  counted: 'warn',
  sending: 'warn',
  sent: 'good',
  withdrawn: 'still',
} as const

const chipOf = (state: Incident['state'], language: Language) => ({
  word: messages[language].incidents.states[state],
  tone: TONES[state],
})

/** The number of a leak, as its documents carry it. */
export async function numberOf(env: Env, { caseId }: Pick<Incident, 'caseId'>): Promise<string> {
  return (await queries.numbers(env.db, [caseId])).get(caseId) ?? '—'
}

export async function listPage(env: Env, language: Language, all: Incident[]): Promise<ListPage> {
  const t = messages[language].incidents
  const numbers = await queries.numbers(
    env.db,
    all.map(({ caseId }) => caseId),
  )
  const rounds = []
  for (const one of all)
    rounds.push({
      href: `${PATH}/${one.id}`,
      number: numbers.get(one.caseId) ?? '—',
      holder: (await holderOf(env, one))[language],
      state: chipOf(one.state, language),
      persons: one.figures ? t.persons(one.figures.persons) : t.notYet,
      at: words(language).dateTime(one.openedAt),
    })
  return { rounds }
}

/** Names of services and items of a round. */
async function namesOf(env: Env, { memberId }: Pick<Incident, 'memberId'>, language: Language) {
  const services = await queries.services(env.db, memberId)
  const items = await queries.items(env.db)
  const name = (all: readonly { id: string; names: Record<Language, string> }[]) => (id: string) =>
    all.find((one) => one.id === id)?.names[language] ?? id
  return { service: name(services), item: name(items) }
}

function figureFacts(figures: Figures, language: Language): [string, string][] {
  const t = messages[language].incidents
  const day = (at: string | null) => (at ? words(language).date(new Date(at)) : t.none)
  return [
    [t.figures.persons, t.persons(figures.persons)],
    [t.figures.reachable, t.persons(figures.reachable)],
    [t.figures.unreachable, t.persons(figures.unreachable)],
    [t.figures.ended, t.persons(figures.ended)],
    [t.figures.releases, t.times(figures.releases)],
    [t.figures.first, day(figures.first)],
    [t.figures.last, day(figures.last)],
  ]
}

export async function onePage(
  env: Env,
  incident: Incident,
  { operator, language, said }: { operator: OperatorHere; language: Language; said?: Said },
): Promise<OnePage> {
  const t = messages[language].incidents
  const w = words(language)
  const name = await namesOf(env, incident, language)
  const proposal = await incidents.wordsOf(env, incident)
  const body = proposal?.body as unknown as Body | undefined
  const told = proposal && (await operators.told(env, proposal, language))
  const path = `${PATH}/${incident.id}`
  const { figures, state, countedAt, since, until } = incident
  const officer = operator.roles.includes('privacy_officer')
  const letter = body?.letter[language]
  return {
    path,
    number: await numberOf(env, incident),
    caseHref: `/admin/duties/${incident.caseId}`,
    holder: (await holderOf(env, incident))[language],
    state: chipOf(state, language),
    facts: [
      [t.fields.services, w.list(incident.services.map(name.service))],
      [t.fields.items, w.list(incident.items.map(name.item))],
      [t.period, t.between(since ? w.date(since) : t.fromFirst, w.lastDay(until))],
    ],
    figures: figures
      ? {
          facts: figureFacts(figures, language),
          items: figures.byItem.map(({ id, persons }) => ({
            name: name.item(id),
            persons: t.persons(persons),
          })),
          services: figures.byService.map(({ id, persons }) => ({
            name: name.service(id),
            persons: t.persons(persons),
          })),
          at: countedAt ? w.dateTime(countedAt) : '',
        }
      : undefined,
    counting: state === 'counting' ? t.times(await queries.found(env.db, incident.id)) : undefined,
    words: letter ? PARTS.map((part) => ({ label: t.parts[part], text: letter[part] })) : [],
    writeHref: state === 'counted' && officer ? `${path}/letter` : undefined,
    previewHref: body ? `${path}/preview` : undefined,
    mayWithdraw: officer && (state === 'counting' || state === 'counted'),
    mayResume: officer && (state === 'counting' || state === 'sending'),
    printHref: officer && (state === 'sending' || state === 'sent') ? `${path}/print` : undefined,
    decide:
      proposal && told && state === 'counted'
        ? decideOf(proposal, { operator, told, path, said })
        : undefined,
    turns: told?.shown ?? [],
    progress:
      state === 'sending' || state === 'sent' ? await progressOf(env, incident, language) : [],
  }
}

async function progressOf(
  env: Env,
  { id }: Incident,
  language: Language,
): Promise<[string, string][]> {
  const t = messages[language].incidents
  const now = await queries.progress(env.db, id, new Date(env.now().getTime() - PAPER_MS))
  return [
    [t.progress.posted, t.letters(now.posted)],
    [t.progress.waiting, t.persons(now.waiting)],
    [t.progress.batches, t.times(now.batchesLeft)],
    [t.progress.mailed, t.letters(now.mailed)],
    [t.progress.mailWaits, t.letters(now.mailWaits)],
    [t.progress.mailLate, t.letters(now.mailLate)],
    [t.progress.printed, t.letters(now.printed)],
    [t.progress.erased, t.persons(now.erased)],
    [t.progress.unreachable, t.persons(now.unreachable)],
  ]
}

/** The letter as a made-up person would get it. */
export async function previewPage(
  env: Env,
  incident: Incident,
  body: Body,
  language: Language,
): Promise<PreviewPage> {
  const services = await queries.services(env.db, incident.memberId)
  const items = await queries.items(env.db)
  const { figures } = body
  const firstAt = figures.first ? new Date(figures.first) : incident.until
  const lastAt = figures.last ? new Date(figures.last) : incident.until
  const consents = [{ id: incident.id, agreedAt: firstAt }]
  const findings: Finding[] = incident.services.slice(0, 1).flatMap((service) =>
    items
      .filter(({ id }) => incident.items.includes(id))
      .map(({ names: item }) => ({
        service: services.find(({ id }) => id === service)?.names ?? { ja: '—', en: '—' },
        item,
        firstAt,
        lastAt,
        times: 3,
        consents,
      })),
  )
  const number = await numberOf(env, incident)
  const letter = letterShown(env, {
    ...{ language, at: env.now(), number, findings, text: body.letter[language] },
    ...samplePerson(language),
    holder: (await holderOf(env, incident))[language],
  })
  return { letter, number, backHref: `${PATH}/${incident.id}` }
}

/** The figures as a file, for the authority's report: counts alone, nobody's data. */
export async function figureLines(
  env: Env,
  incident: Incident,
  language: Language,
): Promise<string[]> {
  const { figures, countedAt } = incident
  if (!figures) return []
  const t = messages[language].incidents.figures
  const name = await namesOf(env, incident, language)
  const { persons, reachable, unreachable, ended, releases, first, last } = figures
  return [
    line([t.what, t.number]),
    line([t.case, await numberOf(env, incident)]),
    line([t.at, countedAt?.toISOString() ?? '']),
    line([t.persons, persons]),
    line([t.reachable, reachable]),
    line([t.unreachable, unreachable]),
    line([t.ended, ended]),
    line([t.releases, releases]),
    line([t.first, first ?? '']),
    line([t.last, last ?? '']),
    ...figures.byItem.map(({ id, persons: n }) => line([t.ofItem(name.item(id)), n])),
    ...figures.byService.map(({ id, persons: n }) => line([t.ofService(name.service(id)), n])),
  ]
}
