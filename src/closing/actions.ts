import * as audit from '../audit/actions.ts'
import * as consents from '../consents/actions.ts'
import type { Consent } from '../consents/model.ts'
import { atomically, type Env } from '../env.ts'
import type { Messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import * as notices from '../notices/actions.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import { closesAt, waitingDays } from './model.ts'

/** A request of theirs whose answer is owed; the account does not take it along. */
type OpenRequest = {
  id: string
  number: string
  kind: keyof Messages['rights']['kinds']
  /** Exclusive end of the last day. */
  dueAt: Date | null
}
/** Those of a resident; they belong to a room that comes later. */
export type OpenRequests = (env: Env, residentId: string) => Promise<OpenRequest[]>

/**
 * Asks to close the account: everything is withdrawn at once, since silence must not give, and each company is asked to
 * erase; the waiting period delays the erasure alone. Of many at once one counts.
 *
 * @returns when the account is erased
 * @throws Refusal invalid_input at `password`, too_many_attempts, not_found where it is closed
 */
export async function begin(env: Env, self: residents.Self, password: string): Promise<Date> {
  await residents.confirmOwner(env, self, password)
  return atomically(env, async (env) => {
    const until = closesAt(env.now(), waitingDays(env.config.installation))
    const isFirst = await residents.beginClosing(env, self.residentId, until)
    const resident = await residents.held(env, self.residentId)
    if (!isFirst) return resident.closesAt ?? until
    const withdrawn = await consents.withdrawForClosing(env, resident)
    await audit.record(env, {
      actor: { kind: 'resident', id: resident.id },
      act: 'closing.begun',
      object: { kind: 'resident', id: resident.id },
      details: { withdrawn: withdrawn.length, erased_at: until.toISOString() },
    })
    await tellBegun(env, resident, { until, withdrawn })
    return until
  })
}

async function tellBegun(
  env: Env,
  resident: Resident,
  { until, withdrawn }: { until: Date; withdrawn: readonly Consent[] },
): Promise<void> {
  const { language, profile } = resident
  const names: string[] = []
  for (const { serviceId } of withdrawn) {
    const service = await services.byId(env, serviceId)
    if (service) names.push(service.version.names[language])
  }
  const { dateTime } = words(language)
  await notices.send(env, {
    to: profile.email,
    language,
    letter: 'closing_begun',
    values: {
      link: `${env.config.issuer}/account/close`,
      at: dateTime(env.now()),
      until: dateTime(until),
      services: names,
    },
    attachments: await consents.receiptFiles(env, resident, withdrawn),
    ...(await residents.notMeLink(env, resident)),
  })
}

/** Brings the account back; consents stay withdrawn. Nothing happens where it was not closing. @throws Refusal not_found */
export async function callOff(env: Env, residentId: string): Promise<void> {
  await atomically(env, async (env) => {
    if (!(await residents.callOffClosing(env, residentId))) return
    const { language, profile } = await residents.held(env, residentId)
    await notices.send(env, {
      to: profile.email,
      language,
      letter: 'closing_called_off',
      values: {
        link: `${env.config.issuer}/account`,
        at: words(language).dateTime(env.now()),
      },
    })
  })
}

/** Names of the services that would be withdrawn from, by company. */
export async function toWithdraw(
  env: Env,
  residentId: string,
): Promise<{ names: { ja: string; en: string }; provider: { ja: string; en: string } }[]> {
  const found = []
  for (const id of await consents.servicesToStop(env, residentId)) {
    const service = await services.byId(env, id)
    const agreed = await consents.newest(env, residentId, id)
    // Whom it was agreed with, whoever has the service now (S-59).
    const company = agreed && (await members.byId(env, agreed.consent.memberId))
    if (service)
      found.push({ names: service.version.names, provider: (company ?? service.member).names })
  }
  return found
}

/** What else ends with an account, in the same transaction: its sessions and tokens. Told by its shared user ID. */
export type Forget = (env: Env, userId: string) => Promise<void>

/** Accounts erased in one turn. */
const AT_ONCE = 50

/**
 * Erases the accounts whose waiting period is over, one transaction each: safe on several nodes at once, and after a
 * `kill -9` in between. The last letter is laid into the queue before the address is erased.
 */
export async function closeDue(env: Env, forget: Forget): Promise<void> {
  for (const id of await residents.closingDue(env, AT_ONCE))
    await atomically(env, async (env) => {
      const userId = await residents.erase(env, id, (resident) => lastLetter(env, resident))
      if (userId !== undefined) await forget(env, userId)
    })
}

function lastLetter(env: Env, { language, profile }: Resident): Promise<void> {
  const values = { link: `${env.config.issuer}/signup`, at: words(language).dateTime(env.now()) }
  return notices.send(env, { to: profile.email, language, letter: 'account_closed', values })
}
