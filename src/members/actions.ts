import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { dayOf, startOfDay } from '../input/days.ts'
import type { Fault } from '../input/faults.ts'
import { normalName, normalText } from '../input/spelling.ts'
import type { Both } from '../installation.ts'
import type { LetterName, Mail } from '../notices/model.ts'
import type { Task } from '../operators/model.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import { seal } from '../vault.ts'
import {
  isInOffice,
  isStopped,
  mayWork,
  type Change,
  type MemberBody,
  type MemberNow,
  type MemberOfList,
  type Staff,
} from './model.ts'
import * as queries from './queries.ts'
import type { MemberAsked } from './schema.ts'
import * as staffing from './staffing.ts'
import * as store from './store.ts'
import { actorOf, hold, write } from './writing.ts'

/** Every member with its history, oldest first; the public list shows those that `isPublic` admits (S-18). */
export function list(env: Env): Promise<MemberOfList[]> {
  return queries.list(env.db, env.now())
}

/** A member as it stands now, whatever its status. `memberId` comes from one of our own rows. */
export async function byId(env: Env, memberId: string): Promise<MemberNow | undefined> {
  return (await queries.byId(env.db, memberId, env.now()))?.member
}

/** Everybody of a company, those it ended last. */
export function staffOf(env: Env, memberId: string): Promise<Staff[]> {
  return staffing.staffOf(env, memberId)
}

/** Writes to every manager of a company who is in office, whatever the company's standing. */
export function notifyStaff<L extends LetterName>(
  env: Env,
  memberId: string,
  letter: L,
  values: Mail<L>['values'],
): Promise<void> {
  return staffing.notifyStaff(env, memberId, letter, values)
}

/**
 * An approved company becomes active with its first approved contract (S-18); any other standing stays.
 *
 * @param by who approved that contract
 */
export function activate(env: Env, memberId: string, by: Person): Promise<void> {
  return atomically(env, async (env) => {
    const known = await hold(env, memberId)
    if (known?.status !== 'approved') return
    const { id, corporateNumber, body } = known
    const turns = [{ status: 'active' as const, reason: null, at: env.now() }]
    const written = { known, id, corporateNumber, body, turns, by: actorOf(by) }
    await write(env, { ...written, act: 'members.activate' })
  })
}

/** What waits for an operator here: approved companies with no contract yet. Proposals stand on the desk by themselves. */
export async function tasks(env: Env): Promise<Task[]> {
  return (await queries.withoutContract(env.db)).map(({ id, name }) => ({
    kind: 'member_without_contract',
    name,
    href: `/admin/members/${id}`,
  }))
}

/** Lets one onboarding run at a time; held until the transaction of `env` ends. */
export function lockOnboarding(env: Env): Promise<void> {
  return store.lockOnboarding(env.db)
}

/** The newest names of every member, for the look-alike check (F7). */
export function names(env: Env): Promise<{ id: string; names: Both }[]> {
  return store.names(env.db)
}

export type MemberRule = 'since_future' | 'since_before_last'

/**
 * Makes a company known, or a new version of it where the file says something else; notes a changed status (S-18).
 * Runs in the caller's transaction, under `lockOnboarding`.
 *
 * @param path JSON Pointer of the company in its file, for faults
 */
export async function onboard(
  env: Env,
  asked: MemberAsked,
  path: string,
): Promise<{ id: string; change: Change; faults: Fault<MemberRule>[] }> {
  const { corporateNumber, status, statusReason: reason = null } = asked
  const known = await store.byCorporateNumber(env.db, corporateNumber)
  const body = bodyOf(asked)
  const at = asked.statusSince ? startOfDay(asked.statusSince) : env.now()
  const turned = known?.status !== status
  const fault = turned && sinceFault(at, env.now(), known?.lastChangeAt)
  const id = known?.id ?? env.newId()
  const change = { what: 'member' as const, name: body.names.ja }
  if (fault) {
    const faults = [{ path: `${path}/statusSince`, rule: fault }]
    return { id, change: { ...change, version: known?.version ?? 0, news: [] }, faults }
  }
  const written = await write(env, {
    known,
    id,
    corporateNumber,
    body,
    turns: turned ? [{ status, reason, at }] : [],
    by: { kind: 'system', id: 'onboarding' },
    act: 'members.onboard',
  })
  return { id, change: { ...change, ...written }, faults: [] }
}

function sinceFault(at: Date, now: Date, last: Date | undefined): MemberRule | undefined {
  if (at > now) return 'since_future'
  return last && at < last ? 'since_before_last' : undefined
}

function bodyOf(asked: MemberAsked): MemberBody {
  const text = ({ ja, en }: Both) => ({ ja: normalText(ja), en: normalText(en) })
  return {
    names: { ja: normalName(asked.names.ja), en: normalName(asked.names.en) },
    address: text(asked.address),
    representative: text(asked.representative),
    contact: { ...asked.contact, desk: text(asked.contact.desk) },
  }
}

export type StaffAsked = {
  /** Of the company. */
  corporateNumber: string
  email: string
  name: string
  role: 'manager' | 'developer'
  /** As from `residents.passwordHash`. */
  passwordHash: string
  /** Base32, RFC 6238. */
  totpSecret: string
}

/** Makes somebody staff of a company; the seed of the TOTP is kept sealed (M1). @throws Refusal not_found */
export function enrolStaff(env: Env, asked: StaffAsked): Promise<void> {
  return atomically(env, async (env) => {
    const member = await store.byCorporateNumber(env.db, asked.corporateNumber)
    if (!member) throw new Refusal('not_found')
    const id = env.newId()
    const { email, name, role, passwordHash } = asked
    const totpSealed = seal(env.secrets.people, asked.totpSecret, id)
    const row = { id, memberId: member.id, email, name, role, passwordHash, totpSealed }
    await store.insertStaff(env.db, { ...row, createdAt: env.now() })
    await audit.record(env, {
      actor: { kind: 'system', id: 'seed' },
      act: 'members.enrol_staff',
      object: { kind: 'staff', id },
      details: { member: member.id, role },
    })
  })
}

/** Staff whose company is not stopped and whose own last day is not past (J5, J9). */
export async function staffInOffice(env: Env, id: string): Promise<Staff | undefined> {
  const found = await staffWhoMayRead(env, id)
  return found && mayWork(found.memberStatus) ? found : undefined
}

/** The same, and staff of a company that is stopped: they may sign in to read that it is, and nothing else (S-51). */
export async function staffWhoMayRead(env: Env, id: string): Promise<Staff | undefined> {
  const found = await store.staffById(env.db, id, env.now())
  if (!found || !isInOffice(found, dayOf(env.now()))) return undefined
  return mayWork(found.memberStatus) || isStopped(found.memberStatus) ? found : undefined
}

export { owedOf, stopOf, stopsInForce } from './stopping.ts'
export type { Stop } from './stopping_model.ts'
