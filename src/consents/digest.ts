/** What is written to a resident at its time: once a year a summary, after half a year the services not used (field 24). */
import { catalogue } from '../catalogue/actions.ts'
import type { Catalogue } from '../catalogue/model.ts'
import { atomically, type Env } from '../env.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { faultOf } from '../log.ts'
import * as notices from '../notices/actions.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
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

/** Residents read at once. Each is a transaction of its own: one whose letter fails keeps nobody waiting. */
const AT_ONCE = 200

/**
 * Goes once through everybody for whom something is due. Safe on several nodes at once and again at any time: whoever
 * was written to is not due any more, in the same transaction.
 *
 * @param write writes to one resident, where it is still due; says whether it wrote
 * @returns letters written
 */
async function everybody(
  env: Env,
  plan: store.Plan,
  write: (env: Env, residentId: string) => Promise<boolean>,
): Promise<number> {
  let written = 0
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const ids = await store.due(env.db, plan, env.now(), { after, limit: AT_ONCE })
    for (const id of ids) {
      try {
        if (await atomically(env, (env) => write(env, id))) written++
      } catch (error) {
        env.log.error({ event: 'letter_failed', plan, ...faultOf(error) })
      }
    }
    const last = ids.at(-1)
    if (last === undefined) break
    after = last
  }
  if (written) env.log.info({ event: 'letters_written', plan, written })
  return written
}

/** Once a year to whoever has a consent in force, or had a provision in the year. */
export function sendDigests(env: Env): Promise<number> {
  return everybody(env, 'digest', async (env, residentId) => {
    const at = env.now()
    if (!(await store.claimDigest(env.db, residentId, { at, next: later(at, YEAR) }))) return false
    const resident = await readerOf(env, residentId, 'digest')
    return resident ? writeDigest(env, resident, at) : false
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

async function writeDigest(env: Env, resident: Resident, at: Date): Promise<boolean> {
  const { language } = resident
  const from = later(at, -YEAR)
  const rows = await store.ofYear(env.db, resident.id, { from, to: at })
  const provision = await residents.provisionTerms(env, resident.id)
  const entries = await catalogue(env)
  const each = []
  for (const row of rows) {
    const isOn =
      row.startedAt !== null &&
      row.endsAt !== null &&
      row.endsAt > at &&
      !isAsleep({ startedAt: row.startedAt }, provision)
    if (!isOn && !row.times) continue
    const name = await nameOf(env, row.serviceId, language)
    if (name === undefined) continue
    each.push({
      name,
      times: row.times,
      items: isOn ? itemNames(entries, row.items ?? [], language) : [],
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
export function sendReminders(env: Env): Promise<number> {
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
      if (isIdle && !isAsleep(one, provision)) idle.push({ serviceId: one.serviceId, last })
    }
    return resident ? writeReminder(env, resident, idle) : false
  })
}

/** A sign-in to the service is a provision too: its answer carries the user ID. */
const lastUse = ({ agreedAt, providedAt }: store.Used) =>
  providedAt && providedAt > agreedAt ? providedAt : agreedAt

async function writeReminder(
  env: Env,
  { profile, language }: Resident,
  unused: readonly { serviceId: string; last: Date }[],
): Promise<boolean> {
  const idle = []
  for (const { serviceId, last } of unused) {
    const name = await nameOf(env, serviceId, language)
    if (name === undefined) continue
    const since = words(language).date(last)
    idle.push({ name, since, withdrawHref: withdrawHref(env, serviceId) })
  }
  if (!idle.length) return false
  const values = { idle, link: overviewHref(env) }
  await notices.send(env, { to: profile.email, language, letter: 'unused', values })
  return true
}

async function nameOf(
  env: Env,
  serviceId: string,
  language: Language,
): Promise<string | undefined> {
  const service = await services.byId(env, serviceId)
  if (!service) return undefined
  const { version, member } = service
  return messages[language].frame.named(version.names[language], member.names[language])
}

function itemNames(
  { items }: Catalogue,
  agreed: readonly { item: string }[],
  language: Language,
): string[] {
  return agreed.map(({ item }) => items.find(({ id }) => id === item)?.names[language] ?? item)
}

const overviewHref = (env: Env) => `${env.config.issuer}/account/services`
const withdrawHref = (env: Env, serviceId: string) =>
  `${env.config.issuer}/account/services/${serviceId}/withdraw`
