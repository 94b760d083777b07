/** One case with its steps, clocks and documents; and one document to be printed (S-52). */
import type { Env } from '../env.ts'
import type { Facts, Link } from '../http/parts.ts'
import { endOfDay } from '../input/days.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Area } from '../people/model.ts'
import * as duties from './actions.ts'
import { bearerOf } from './claims.ts'
import { factsOf, flowFacts, titleOf } from './documents.ts'
import { clocksOf } from './clocks.ts'
import { itemsLeft, NINE_ITEMS } from './leaks.ts'
import { textOf, type Act, type Actor, type Around, type Case } from './model.ts'
import { NOUNS, offered } from './nouns.ts'
import type { CasePage, ClocksPanel, DocumentPage } from './pages.ts'
import { cameOnPaper, fieldsOf, offeredOnPaper } from './paper.ts'
import * as queries from './queries.ts'
import { beginPath, chipOf, dayWords, dueOf, dueOfCase, PATHS } from './shown.ts'
import * as store from './store.ts'

export type Looking = {
  area: Area
  language: Language
  actor: Actor
  /** Whether the reader's roles allow an act. */
  may: (act: Act) => boolean
}

/** @throws Refusal not_found */
export async function casePage(env: Env, id: string, looking: Looking): Promise<CasePage> {
  const { area, language, actor } = looking
  const of = await duties.find(env, id, actor)
  await duties.read(env, of, actor)
  const t = messages[language].duties
  const around = await duties.aroundCase(env, of)
  const member = of.memberId ? await queries.memberNames(env.db, of.memberId) : undefined
  const path = `${PATHS[area]}/${of.id}`
  const acts = actsOf(of, around, looking)
  return {
    ...{ area, path, acts: acts.links, note: acts.note },
    heading: t.case.heading(t.kinds[of.kind], member?.[language] ?? ''),
    number: of.number ?? t.list.noNumber,
    state: chipOf(of.state, language),
    due: dueOfCase(of, env.now(), language),
    facts: headFacts(of, around, { language, member: member?.[language] }),
    clocks:
      of.kind === 'leak' && of.state !== 'draft'
        ? await clocksPanel(env, around, language)
        : undefined,
    steps: await stepsOf(env, of, { path, language }),
    documents: await documentsOf(env, of, { path, language }),
    ...(of.kind === 'leak' && of.state !== 'draft' && area === 'operator'
      ? { lettersHref: `/admin/incidents/new?case=${of.id}` }
      : {}),
  }
}

function actsOf(of: Case, around: Around, { area, language, actor, may }: Looking) {
  const t = messages[language].duties
  const acts = t.acts as Record<string, { button: string }>
  const all = offered(of, actor.side).filter(([, act]) => act.ready?.(around) ?? true)
  const links: Link[] = all
    .filter(([, act]) => may(act))
    .map(([name]) => ({
      href: `${PATHS[area]}/${of.id}/${of.kind}/${name}`,
      text: acts[`${of.kind}_${name}`]?.button ?? name,
    }))
  const notice = NOUNS.audit.acts['notice']
  if (area === 'operator')
    for (const [name] of offeredOnPaper(of, around).filter(([, act]) => may(act)))
      links.push({
        href: `${PATHS[area]}/${of.id}/${of.kind}/${name}/paper`,
        text: t.case.paper(titleOf(language, of.kind, name)),
      })
  const giver = of.receiver !== actor.side
  if (of.kind === 'report' && of.state === 'insufficient' && giver && notice && may(notice))
    links.push({ href: `${beginPath(area, 'audit')}?after=${of.id}`, text: t.case.audit })
  const idle = all.length ? t.case.onlyRead : t.case.waiting
  const note = links.length ? undefined : of.closedAt ? t.case.nothing : idle
  return { links, note }
}

function headFacts(
  of: Case,
  { flow, soFar }: Around,
  { language, member }: { language: Language; member: string | undefined },
): Facts {
  const t = messages[language].duties
  const facts: Facts = [
    [t.case.clause, t.clauses[of.kind]],
    [t.case.bound, of.receiver === 'consortium' ? t.us : (member ?? '')],
    ...(flow ? flowFacts(language, flow) : []),
  ]
  if (of.auditOn) facts.push([t.fields.on, dayWords(of.auditOn, language)])
  const bearer = of.kind === 'claim' && flow && bearerOf(textOf(soFar, 'cause'), flow.bearers)
  if (bearer) {
    const doubt = language === 'ja' ? `（${t.case.unconfirmed}）` : ` (${t.case.unconfirmed})`
    facts.push([t.case.bearers, `${t.options[bearer]}${flow.bearers.confirmed ? '' : doubt}`])
  }
  return facts
}

async function stepsOf(env: Env, of: Case, at: { path: string; language: Language }) {
  const t = messages[at.language].duties
  const names = await queries.names(env.db, of.id)
  const steps = await store.steps(env.db, of.id)
  const member = of.memberId ? await queries.memberNames(env.db, of.memberId) : undefined
  return steps.map((step) => ({
    what: titleOf(at.language, of.kind, step.step),
    by: (cameOnPaper(step.body) ? t.case.byPaper : t.case.by)(
      step.side === 'consortium' ? t.us : (member?.[at.language] ?? ''),
      names.get(step.byId) ?? '',
    ),
    at: words(at.language).dateTime(step.at),
    facts: factsOf(at.language, fieldsOf(of.kind, step.step), step.body),
    document: step.documentId
      ? { href: `${at.path}/documents/${step.documentId}`, text: t.case.document }
      : undefined,
  }))
}

async function documentsOf(env: Env, of: Case, at: { path: string; language: Language }) {
  const t = messages[at.language].duties
  const { dateTime } = words(at.language)
  const all = await queries.documents(env.db, of.id)
  return all.map((document) => ({
    link: { href: `${at.path}/documents/${document.id}`, text: document.body[at.language].title },
    number: document.number,
    sender: document.body[at.language].from,
    sentAt: dateTime(document.sentAt),
    readings: document.readings
      .filter(({ isProgram }) => !isProgram)
      .map(({ name, at: when }) => `${name} ${dateTime(when)}`),
    handed: document.readings
      .filter(({ isProgram }) => isProgram)
      .map(({ name, at: when }) => t.document.handed(name, dateTime(when))),
    mails: document.mails.map(({ name, handedOverAt }) =>
      handedOverAt ? `${name} ${dateTime(handedOverAt)}` : `${name} ${t.case.queued}`,
    ),
  }))
}

async function clocksPanel(
  env: Env,
  around: Around,
  language: Language,
): Promise<ClocksPanel | undefined> {
  const found = clocksOf(around)
  if (!found) return undefined
  const t = messages[language].duties.clocks
  const labels = messages[language].duties.fields
  const say = (day: string) => dayWords(day, language)
  const from = say(found.knownOn)
  const finalWords = [t.finalCount(from, found.finalDays, say(found.finalCounted))]
  if (found.finalDays === 60) finalWords.push(t.intent)
  if (found.finalOn !== found.finalCounted) finalWords.push(t.moved(say(found.finalOn)))
  const left = itemsLeft(around.soFar)
  const of = around.case
  const sent = of?.knownAt && (of.openedAt > of.knownAt ? await notifiedAt(env, of) : undefined)
  return {
    say: t[found.reportable],
    tone: found.reportable === 'yes' ? 'bad' : found.reportable === 'unknown' ? 'warn' : 'info',
    because: found.because.map((one) => t.because[one]),
    threshold: t.threshold(found.threshold),
    first: dueOf(endOfDay(found.firstOn), env.now(), language),
    firstWords: t.firstCount(from, found.firstDays, say(found.firstOn)),
    final: dueOf(endOfDay(found.finalOn), env.now(), language),
    finalWords,
    items: NINE_ITEMS.map((name) => ({
      name: labels[name],
      written: around.soFar[name] !== undefined,
    })),
    left: left.length ? t.left(left.length) : t.whole,
    gap:
      sent && of?.knownAt
        ? t.gap(Math.floor((sent.getTime() - of.knownAt.getTime()) / 3_600_000))
        : undefined,
  }
}

/** When the notice went out, which may be later than its draft. */
async function notifiedAt(env: Env, of: Case): Promise<Date | undefined> {
  return (await store.steps(env.db, of.id))[0]?.at
}

/** @throws Refusal not_found */
export async function documentPage(
  env: Env,
  asked: { id: string; documentId: string },
  { area, language, actor }: Looking,
): Promise<DocumentPage | undefined> {
  const of = await duties.find(env, asked.id, actor)
  await duties.read(env, of, actor)
  const all = await queries.documents(env.db, of.id)
  const found = all.find(({ id }) => id === asked.documentId)
  if (!found) return undefined
  const t = messages[language].duties
  const { dateTime, dateWithWeekday } = words(language)
  const text = found.body[language]
  return {
    area,
    trail: [
      { href: PATHS[area], text: t.title },
      { href: `${PATHS[area]}/${of.id}`, text: of.number ?? t.kinds[of.kind] },
    ],
    ...{ number: found.number, date: dateWithWeekday(found.sentAt), hash: found.hash },
    ...{ title: text.title, to: text.to, from: text.from, clause: text.clause, facts: text.facts },
    by: found.senderName ?? '',
    proof: [
      ...found.mails.map(({ name, handedOverAt }) =>
        handedOverAt ? t.document.mailed(name, dateTime(handedOverAt)) : t.document.queued(name),
      ),
      ...found.readings.map(({ name, isProgram, at }) =>
        (isProgram ? t.document.handed : t.document.opened)(name, dateTime(at)),
      ),
    ],
  }
}
