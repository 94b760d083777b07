/** A request comes in: written down once, numbered, answered at once where nothing has to be decided by a person. */
import { count, type Limit } from '../database/limits.ts'
import { atomically, type Env } from '../env.ts'
import { dayOf, endOfDay, startOfDay } from '../input/days.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import * as mails from './mails.ts'
import type { Body, Case, CaseNow, Method, Right, Sealed, Subject } from './model.ts'
import { profileOf, ruleFor } from './profiles.ts'
import * as queries from './queries.ts'
import { append, type By } from './stepping.ts'
import * as store from './store.ts'
import { freeText } from './wording.ts'

/** A form after reading. */
export type Filed = {
  kind: Right
  subject: Subject
  serviceId: string | null
  items: string[]
  fromDay: string | null
  toDay: string | null
  method: Method | null
  /** Of the form: the same one posted twice makes one case. */
  once: string
  words: Sealed
}

/** Cases one person may begin: enough for anybody, not for a program that fills the desk. */
const PER_PERSON: Limit = { name: 'requests', points: 20, seconds: 86_400 }

/** Whether the answer follows from the records alone, so that nobody has to wait for a person (E-15). */
export function isAnsweredAtOnce({ kind, subject }: Pick<Case, 'kind' | 'subject'>): boolean {
  return kind === 'disclosure' && (subject === 'records' || subject === 'registered')
}

/**
 * Takes in a request. Of the same form posted many times one case comes; all are answered with it.
 *
 * @param identityCheck id of the check that showed who asks (I-13)
 * @throws Refusal too_many_attempts; not_found where somebody else's form has the id; wrong_state for a test person
 */
export function file(
  env: Env,
  resident: Resident,
  { filed, identityCheck }: { filed: Filed; identityCheck: string },
): Promise<CaseNow> {
  const { words: text, ...rest } = filed
  const body = { identity_check: identityCheck }
  return take(env, resident, { ...rest, text, body })
}

export type ReportEntry = {
  /** Id of the form: the same one posted twice makes one case. */
  once: string
  /** Which entry of the history, and what proves it: ids, kinds, times and hashes only. */
  evidence: Body
  /** What the person says about it; sealed under their key. */
  text: string
  /** The service the entry is about. */
  serviceId?: string | null
}

/**
 * 「この記録を報告する」: an entry of the history goes to the consortium with its evidence, and is answered like a request.
 *
 * @throws Refusal invalid_input at `text`; too_many_attempts
 */
export async function report(env: Env, resident: Resident, entry: ReportEntry): Promise<CaseNow> {
  const text = freeText('text', entry.text, true)
  return take(env, resident, {
    ...{ kind: 'report', subject: 'entry', serviceId: entry.serviceId ?? null, items: [] },
    ...{ fromDay: null, toDay: null, method: null, once: entry.once },
    text: { what: text },
    body: { evidence: entry.evidence },
  })
}

type Taking = Pick<
  Case,
  'kind' | 'subject' | 'serviceId' | 'items' | 'fromDay' | 'toDay' | 'method'
> & { once: string; text: Sealed; body: Body }

async function take(env: Env, resident: Resident, asked: Taking): Promise<CaseNow> {
  // A company's made-up person has no rights to exercise, and must not fill the desk.
  if (resident.testMemberId) throw new Refusal('wrong_state', { code: 'test_person' })
  return atomically(env, async (env) => {
    await store.lockForm(env.db, asked.once)
    const known = await store.byForm(env.db, asked.once)
    if (known && known.residentId !== resident.id) throw new Refusal('not_found')
    if (known) return known
    const { within } = await count(env, PER_PERSON, resident.id)
    if (!within) throw new Refusal('too_many_attempts')
    const of = await numbered(env, resident, asked)
    const by: By = { kind: 'resident', id: resident.id }
    const { text, body } = asked
    await append(env, of, { step: 'received', by, body, words: { of: resident, text } })
    if (isAnsweredAtOnce(of)) await answerNow(env, of)
    const now = await store.find(env.db, of.id)
    if (!now) throw new Error('a case just written is gone')
    await mails.received(env, resident, now)
    return now
  })
}

async function numbered(env: Env, { id, language }: Resident, asked: Taking): Promise<Case> {
  const { text: _text, body: _body, once, ...what } = asked
  const receivedAt = env.now()
  const year = Number(dayOf(receivedAt).slice(0, 4))
  const running = await store.nextNumber(env.db, year)
  const site = env.config.installation
  const of: Case = {
    ...what,
    id: env.newId(),
    number: `R-${year}-${String(running).padStart(4, '0')}`,
    residentId: id,
    language,
    profile: profileOf(site),
    rule: ruleFor(site, asked.kind, asked.subject),
    receivedAt,
  }
  await store.insertCase(env.db, { ...of, year, running, once })
  return of
}

/** Decided in full by the rules of the system: the person's own data, to the person, whose identity was checked. */
async function answerNow(env: Env, of: Case): Promise<void> {
  const by: By = { kind: 'system', id: 'system' }
  const rows =
    of.subject === 'records' ? await queries.provisionCount(env.db, scopeOf(of)) : undefined
  await append(env, of, { step: 'taken', by })
  await append(env, of, { step: 'decided', by, body: { outcome: 'whole', at_once: true } })
  await append(env, of, {
    step: 'answered',
    by,
    body: { method: of.method, ...(rows !== undefined && { rows }) },
  })
}

/** The time a disclosure of records covers: never later than its receipt, so that it says the same whenever it is read. */
export function scopeOf(of: Case): {
  residentId: string
  serviceId: string | null
  from: Date | undefined
  to: Date
} {
  const end = of.toDay ? endOfDay(of.toDay) : of.receivedAt
  return {
    residentId: of.residentId,
    serviceId: of.serviceId,
    from: of.fromDay ? startOfDay(of.fromDay) : undefined,
    to: end < of.receivedAt ? end : of.receivedAt,
  }
}
