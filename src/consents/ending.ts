/** What the resident does later: withdraw, pause, narrow. Each adds a row; none edits one. */
import { closeGate } from '../database/gate.ts'
import { atomically, type Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import { subjectOf, type ServiceNow } from '../services/model.ts'
import { narrowingFault, numberOf, type Consent, type Narrowing, type Standing } from './model.ts'
import * as store from './store.ts'
import { write } from './writing.ts'

/**
 * Withdraws: one row added, the agreement ends, nothing issued before ever works again (rule 4). What is paused can be
 * withdrawn as well.
 *
 * @returns the withdrawing version
 * @throws Refusal consent_not_found where no agreement is in force or paused
 */
export function withdraw(
  env: Env,
  resident: Resident,
  serviceId: string,
  deletion = false,
): Promise<Consent> {
  return atomically(env, async (env) => {
    const consent = await stop(env, resident, serviceId, 'withdrawn', deletion)
    await tell(env, resident, [consent])
    return consent
  })
}

/** Pauses: nothing flows; resuming asks again and begins a new agreement. @throws Refusal consent_not_found */
export function pause(env: Env, resident: Resident, serviceId: string): Promise<Consent> {
  return stop(env, resident, serviceId, 'paused')
}

function stop(
  env: Env,
  resident: Resident,
  serviceId: string,
  kind: 'withdrawn' | 'paused',
  deletionRequested = false,
): Promise<Consent> {
  return atomically(env, async (env) => {
    const last = await lockedStanding(env, resident, serviceId, kind === 'withdrawn')
    const at = env.now()
    await store.end(env.db, last.agreement.id, kind, at)
    const consent: Consent = {
      ...last.consent,
      id: env.newId(),
      version: last.consent.version + 1,
      kind,
      shownAt: null,
      agreedAt: at,
      items: [],
      declined: [],
      deletionRequested,
    }
    await write(env, resident, consent)
    return consent
  })
}

async function lockedStanding(
  env: Env,
  resident: Resident,
  serviceId: string,
  orPaused = false,
): Promise<Standing> {
  await closeGate(env.db, resident.id)
  const ids = [resident.id, serviceId] as const
  const held =
    (await store.lockInForce(env.db, ...ids)) ??
    (orPaused ? await store.lockPaused(env.db, ...ids) : undefined)
  const last = held && (await store.newest(env.db, ...ids))
  if (!last || last.agreement.id !== held.id) throw new Refusal('consent_not_found')
  return last
}

/** Withdraws from everything in force or paused, one transaction. Returns the versions that withdrew, none where none was. */
export function withdrawAll(env: Env, resident: Resident, deletion = false): Promise<Consent[]> {
  return atomically(env, async (env) => {
    await closeGate(env.db, resident.id)
    const done: Consent[] = []
    for (const serviceId of await store.servicesToStop(env.db, resident.id, env.now())) {
      const consent = await stopIfStanding(env, resident, serviceId, deletion)
      if (consent) done.push(consent)
    }
    if (done.length) await tell(env, resident, done)
    return done
  })
}

/** One of many: what another page withdrew a moment ago does not stop the others. */
async function stopIfStanding(
  env: Env,
  resident: Resident,
  serviceId: string,
  deletion: boolean,
): Promise<Consent | undefined> {
  try {
    return await stop(env, resident, serviceId, 'withdrawn', deletion)
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'consent_not_found') return undefined
    throw error
  }
}

/** Letters in the transaction of the withdrawal: to the resident, and to each company asked to erase. */
async function tell(env: Env, resident: Resident, done: readonly Consent[]): Promise<void> {
  const { language, profile } = resident
  const stopped: { consent: Consent; service: ServiceNow }[] = []
  for (const consent of done) {
    const service = await services.byId(env, consent.serviceId)
    if (service) stopped.push({ consent, service })
  }
  const at = (lang: 'ja' | 'en') => words(lang).dateTime(done[0]?.agreedAt ?? env.now())
  await notices.send(env, {
    to: profile.email,
    language,
    letter: 'withdrawn',
    values: {
      link: `${env.config.issuer}/account/services`,
      at: at(language),
      services: stopped.map(({ service }) => service.version.names[language]),
      number: done.map(numberOf).join(language === 'ja' ? '、' : ', '),
    },
  })
  for (const { consent, service } of stopped) {
    if (!consent.deletionRequested) continue
    await notices.send(env, {
      to: service.version.contact.email,
      language: 'ja',
      letter: 'deletion_request',
      values: {
        at: at('ja'),
        service: service.version.names.ja,
        subject: subjectOf(env.secrets.pairwise, resident.userId, service),
        number: numberOf(consent),
      },
    })
  }
}

/**
 * Narrows a consent in force: leaves optional items out, or ends earlier. Acts at once on live tokens.
 *
 * @returns the version in force; the same one where nothing was narrowed
 * @throws Refusal invalid_input with a field and a rule, wrong_state where another version is in force, consent_not_found
 */
export function change(
  env: Env,
  resident: Resident,
  serviceId: string,
  asked: Narrowing,
): Promise<Consent> {
  return atomically(env, async (env) => {
    const { consent: before } = await lockedStanding(env, resident, serviceId)
    if (before.version !== asked.version)
      throw new Refusal('wrong_state', { code: 'other_version' })
    const fault = narrowingFault(before, asked, env.now())
    if (fault) throw new Refusal('invalid_input', { fields: { [fault.field]: fault.rule } })
    const dropped = before.items
      .filter((item) => !asked.keep.includes(item.item))
      .map((item) => item.item)
    const endsAt = asked.endsAt ?? before.endsAt
    if (!dropped.length && endsAt.getTime() === before.endsAt.getTime()) return before
    const consent: Consent = {
      ...before,
      id: env.newId(),
      version: before.version + 1,
      kind: 'changed',
      shownAt: null,
      agreedAt: env.now(),
      items: before.items.filter((item) => asked.keep.includes(item.item)),
      declined: [...before.declined, ...dropped],
      endsAt,
    }
    await write(env, resident, consent)
    return consent
  })
}
