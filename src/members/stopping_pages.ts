/** The page of a stop: what it would do, what is proposed, what waits; pure, from facts to words. */
import type { Option, Rich } from '../http/parts.ts'
import type { Installation } from '../installation.ts'
import type { Language } from '../locales/index.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import type { Proposal } from '../reviews/model.ts'
import type { MemberStatus } from './model.ts'
import type { Standing, Subject } from './stopping.ts'
import {
  REASONS,
  type Aim,
  type DryRun,
  type Stop,
  type StopBody,
  type SubjectKind,
} from './stopping_model.ts'
import type { Owed } from './stopping_queries.ts'

export type StopForm = {
  aim?: string | undefined
  reason?: string | undefined
  residents_ja?: string | undefined
  residents_en?: string | undefined
  company?: string | undefined
  at?: string | undefined
}

/** views/members/stop.eta */
export type StopPage = {
  kind: SubjectKind
  name: string
  /** Of this page. */
  action: string
  status: string
  statusChip: 'good' | 'warn' | 'bad' | 'still'
  stopped:
    | { state: 'planned' | 'stopped' | 'excluded'; at: string; reason: string; text: string }
    | undefined
  counts: { label: string; value: string; note?: string }[]
  services: { name: string; status: string; consents: string; clientId: string }[]
  aims: Option[]
  reasons: Option[]
  /** Whether all that can be proposed is the way back: then no reason is asked. */
  onlyLift: boolean
  form: StopForm
  fields: Fields
  /** What waits for a second person. */
  open: OpenPage | undefined
  done: 'proposed' | 'approved' | 'refused' | undefined
}

type OpenPage = {
  id: string
  hash: string
  /** Its beginning, to be compared by eye. */
  shortHash: string
  aim: Aim
  facts: [string, string | undefined][]
  /** When it will count; undefined: on approval. */
  later: string | undefined
  /** Whether whoever looks may decide as the second person. */
  mayDecide: boolean
  /** Whether their second factor is fresh enough (J6). */
  confirmed: boolean
}

export type Facts = {
  subject: Subject
  standing: Standing
  run: DryRun
  proposedBy: string
  viewer: { mayPropose: boolean; mayDecide: boolean; confirmed: boolean }
  action: string
  language: Language
  now: Date
  form?: StopForm
  fields?: Fields
  done?: StopPage['done']
}

const CHIPS: Record<string, StopPage['statusChip']> = {
  active: 'good',
  live: 'good',
  suspended: 'warn',
  excluded: 'bad',
}

export function stopPage(facts: Facts): StopPage {
  const { subject, standing, run, language, viewer } = facts
  const t = messages[language].stopping
  const labels = subject.kind === 'member' ? t.aims : t.aimsService
  const aims = viewer.mayPropose && !standing.open ? standing.aims : []
  return {
    kind: subject.kind,
    name: subject.names[language],
    action: facts.action,
    status: statusWord(standing.status, language),
    statusChip: CHIPS[standing.status] ?? 'still',
    stopped: standing.stop && stoppedNow(standing.stop, facts),
    counts: countsOf(run, language),
    services: run.services.map((one) => ({
      name: one[language],
      status: statusWord(one.status, language),
      consents: figureOf(one.consents, language),
      clientId: one.clientId,
    })),
    aims: aims.map((value) => ({ value, label: labels[value] })),
    reasons: REASONS.map((value) => ({ value, label: t.reasons[value] })),
    onlyLift: aims.every((aim) => aim === 'lift'),
    form: facts.form ?? {},
    fields: facts.fields ?? {},
    open: standing.open && openPage(standing.open, facts),
    done: facts.done,
  }
}

function statusWord(status: string, language: Language): string {
  const known: Record<string, string> = messages[language].stopping.status
  return known[status] ?? status
}

function stoppedNow(stop: Stop, { language, now }: Facts): StopPage['stopped'] {
  const planned = stop.effectiveAt > now
  return {
    state: planned ? 'planned' : stop.turnedTo === 'excluded' ? 'excluded' : 'stopped',
    at: words(language).dateTime(stop.effectiveAt),
    reason: messages[language].stopping.reasons[stop.reason],
    text: stop.forResidents[language],
  }
}

const figureOf = (n: number, language: Language) =>
  n.toLocaleString(language === 'ja' ? 'ja-JP' : 'en-GB')

function countsOf(run: DryRun, language: Language): StopPage['counts'] {
  const t = messages[language].stopping
  const figure = (n: number) => figureOf(n, language)
  const live = run.services.filter((one) => one.status === 'live').length
  return [
    { label: t.counts.services, value: figure(live) },
    { label: t.counts.residents, value: figure(run.residents) },
    { label: t.counts.accessTokens, value: figure(run.accessTokens) },
    { label: t.counts.refreshTokens, value: figure(run.refreshTokens) },
    { label: t.counts.staffSessions, value: figure(run.staffSessions) },
    { label: t.counts.apiClients, value: figure(run.apiClients) },
    {
      label: t.counts.mails,
      value: figure(run.residents + run.companyMails),
      note: t.mailsText(figure(run.residents), figure(run.companyMails)),
    },
  ]
}

function openPage(open: Proposal, { proposedBy, language, viewer, now }: Facts): OpenPage {
  const t = messages[language].stopping
  const body = open.body as StopBody
  const { dateTime } = words(language)
  const later = body.effectiveAt === null ? undefined : new Date(body.effectiveAt)
  const stops = body.aim !== 'lift'
  return {
    id: open.id,
    hash: open.hash,
    shortHash: `${open.hash.slice(0, 8)}…${open.hash.slice(-8)}`,
    aim: body.aim,
    facts: [
      [t.aim, t.aims[body.aim]],
      [t.at, stops ? (later ? dateTime(later) : t.atOnce) : undefined],
      [t.reason, stops ? t.reasons[body.reason] : undefined],
      [t.residentsJa, body.residents.ja || undefined],
      [t.residentsEn, body.residents.en || undefined],
      [t.company, body.company || undefined],
      [t.proposedBy, proposedBy],
      [t.proposedAt, dateTime(open.changedAt)],
    ],
    later: later && later > now ? dateTime(later) : undefined,
    mayDecide: viewer.mayDecide,
    confirmed: viewer.confirmed,
  }
}

/** views/members/stopped.eta: all that staff of a stopped company see. */
export type StoppedPage = {
  excluded: boolean
  since: string | undefined
  reason: string | undefined
  text: string | undefined
  /** What it owes all the same, each with its number and until when; `more`: how many are not listed. */
  owed: { facts: [string, Rich][]; more: number }
  contact: { desk: string; phone: string; email: string }
}

export function stoppedPage(
  stop: Stop | undefined,
  {
    status,
    owed,
    contact,
    language,
    now,
  }: {
    status: MemberStatus
    owed: { rows: Owed[]; total: number }
    contact: Installation['contact']
    language: Language
    now: Date
  },
): StoppedPage {
  return {
    excluded: status === 'excluded',
    since: stop && words(language).dateTime(stop.effectiveAt),
    reason: stop && messages[language].stopping.reasons[stop.reason],
    text: stop?.forCompany,
    owed: {
      facts: owed.rows.map((one) => owedFact(one, { language, now })),
      more: owed.total - owed.rows.length,
    },
    contact: { desk: contact.desk[language], phone: contact.phone, email: contact.email },
  }
}

/** Of what kind; its number and until when. */
function owedFact(
  { kind, number, state, dueAt }: Owed,
  { language, now }: { language: Language; now: Date },
): [string, Rich] {
  const { duties, stopping } = messages[language]
  const t = stopping.companyPage
  const [kinds, states]: Record<string, string>[] = [duties.kinds, duties.states]
  const what = kind === 'deletion' ? t.deletion : (kinds?.[kind] ?? kind)
  const due = dueAt ? t.until(words(language).lastDay(dueAt), dueAt <= now) : duties.noDue
  const standing = state === null ? undefined : states?.[state]
  const until = standing ? t.standing(due, standing) : due
  return [what, number === null ? [until] : [{ code: number }, ' ', until]]
}
