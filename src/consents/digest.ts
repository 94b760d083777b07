/** What is written to a resident at its time: once a year a summary, after half a year the services not used (field 24). */
import { catalogue } from '../catalogue/actions.ts'
import { itemNames, type Catalogue } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import type { MemberNow } from '../members/model.ts'
import * as notices from '../notices/actions.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import type { ServiceNow } from '../services/model.ts'
import { everybody } from './due.ts'
import { isAsleep } from './model.ts'
import * as store from './reminding_store.ts'

const DAY = 86_400_000
const YEAR = 365 * DAY
const HALF_YEAR = 183 * DAY
/** The first yearly letter comes a month before a consent of a year runs out, while there is still one to withdraw. */
const FIRST = 335 * DAY

const later = (at: Date, span: number) => new Date(at.getTime() + span)

/** An agreement begins: notes when its letters are due. Joins the transaction of `env`. */
export async function plan(
  env: Env,
  whose: { residentId: string; agreementId: string; at: Date },
): Promise<void> {
  const due = { digest: later(whose.at, FIRST), reminder: later(whose.at, HALF_YEAR) }
  await store.plan(env.db, whose, due)
}

/** What many letters of one round name: read once. */
type Known = {
  items: Catalogue['items']
  service(id: string): Promise<ServiceNow | undefined>
  company(id: string): Promise<MemberNow | undefined>
}

async function knownOf(env: Env): Promise<Known> {
  const { items } = await catalogue(env)
  return {
    items,
    service: once((id) => services.byId(env, id)),
    company: once((id) => members.byId(env, id)),
  }
}

function once<T>(read: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (id) => {
    const found = known.get(id) ?? read(id)
    known.set(id, found)
    return found
  }
}

/** Once a year to whoever has a consent in force, or had a provision in the year. */
export async function sendDigests(env: Env): Promise<number> {
  const known = await knownOf(env)
  return everybody(env, 'digest', async (env, residentId) => {
    const at = env.now()
    if (!(await store.claimDigest(env.db, residentId, { at, next: later(at, YEAR) }))) return false
    const resident = await readerOf(env, residentId, 'digest')
    return resident ? writeDigest(env, known, { resident, at }) : false
  })
}

/** Whom to write to: nobody where the account is closed or closing, or does not want this letter. */
async function readerOf(
  env: Env,
  residentId: string,
  plan: store.Plan,
): Promise<Resident | undefined> {
  const resident = await residents.find(env, residentId)
  if (!resident) await store.forget(env.db, residentId)
  if (!resident || resident.closesAt) return undefined
  return (await notices.wanted(env, residentId))[plan] ? resident : undefined
}

async function writeDigest(
  env: Env,
  known: Known,
  { resident, at }: { resident: Resident; at: Date },
): Promise<boolean> {
  const { language } = resident
  const from = later(at, -YEAR)
  const rows = await store.ofYear(env.db, resident.id, { from, to: at })
  const provision = await residents.provisionTerms(env, resident.id)
  const each = []
  for (const row of rows) {
    const isOn =
      row.startedAt !== null &&
      row.endsAt !== null &&
      row.endsAt > at &&
      !isAsleep({ startedAt: row.startedAt }, provision)
    if (!isOn && !row.times) continue
    const name = await nameOf(known, row, language)
    if (name === undefined) continue
    each.push({
      name,
      times: row.times,
      items: isOn ? labelsIn(known, row, language) : [],
      until: isOn && row.endsAt ? words(language).lastDay(row.endsAt) : undefined,
      withdrawHref: isOn ? withdrawHref(env, row.serviceId) : undefined,
    })
  }
  if (!each.length) return false
  const { date } = words(language)
  await notices.send(env, {
    to: resident.profile.email,
    language,
    letter: 'digest',
    values: { from: date(from), to: date(at), each, link: overviewHref(env) },
  })
  return true
}

/** Once in six months for each consent in force by which nothing was provided in six months; one letter for all. */
export async function sendReminders(env: Env): Promise<number> {
  const known = await knownOf(env)
  return everybody(env, 'reminder', async (env, residentId) => {
    const at = env.now()
    const claimed = await store.claimReminders(env.db, residentId, at)
    if (!claimed.length) return false
    const resident = await readerOf(env, residentId, 'reminder')
    const provision = await residents.provisionTerms(env, residentId)
    const all = await store.used(env.db, claimed)
    const over = all.filter(({ endedAt, endsAt }) => endedAt !== null || endsAt <= at)
    await store.dropReminders(
      env.db,
      over.map(({ agreementId }) => agreementId),
    )
    const idle = []
    for (const one of all.filter((row) => !over.includes(row))) {
      const last = lastUse(one)
      const isIdle = later(last, HALF_YEAR) <= at
      await store.remindAt(env.db, one.agreementId, later(isIdle ? at : last, HALF_YEAR))
      if (isIdle && !isAsleep(one, provision)) idle.push({ ...one, last })
    }
    return resident ? writeReminder(env, known, { resident, idle }) : false
  })
}

/** A sign-in to the service is a provision too: its answer carries the user ID. */
const lastUse = ({ agreedAt, providedAt }: store.Used) =>
  providedAt && providedAt > agreedAt ? providedAt : agreedAt

async function writeReminder(
  env: Env,
  known: Known,
  { resident, idle: unused }: { resident: Resident; idle: (Whose & { last: Date })[] },
): Promise<boolean> {
  const { profile, language } = resident
  const idle = []
  for (const one of unused) {
    const name = await nameOf(known, one, language)
    if (name === undefined) continue
    const since = words(language).date(one.last)
    idle.push({ name, since, withdrawHref: withdrawHref(env, one.serviceId) })
  }
  if (!idle.length) return false
  const values = { idle, link: overviewHref(env) }
  await notices.send(env, { to: profile.email, language, letter: 'unused', values })
  return true
}

type Whose = { serviceId: string; memberId: string }

async function nameOf(
  known: Known,
  { serviceId, memberId }: Whose,
  language: Language,
): Promise<string | undefined> {
  const service = await known.service(serviceId)
  if (!service) return undefined
  const { version } = service
  const member = (await known.company(memberId)) ?? service.member
  return messages[language].frame.named(version.names[language], member.names[language])
}

function labelsIn(
  { items }: Known,
  { items: agreed, subjectType }: store.OfYear,
  language: Language,
): string[] {
  return (agreed ?? []).map(
    ({ item }) => itemNames(items, item, subjectType ?? undefined)[language],
  )
}

const overviewHref = (env: Env) => `${env.config.issuer}/account/services`
const withdrawHref = (env: Env, serviceId: string) =>
  `${env.config.issuer}/account/services/${serviceId}/withdraw`
