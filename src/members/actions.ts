import { createHash } from 'node:crypto'
import { canonical } from '../audit/model.ts'
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { dayOf, startOfDay } from '../input/days.ts'
import type { Fault } from '../input/faults.ts'
import { normalName, normalText } from '../input/spelling.ts'
import type { Both } from '../installation.ts'
import { Refusal } from '../refusal.ts'
import { seal } from '../vault.ts'
import {
  mayWork,
  type Change,
  type MemberBody,
  type MemberNow,
  type MemberOfList,
  type Staff,
} from './model.ts'
import * as queries from './queries.ts'
import type { MemberAsked } from './schema.ts'
import * as store from './store.ts'

/** Every member with its history, oldest first; the public list shows those that `isPublic` admits (S-18). */
export function list(env: Env): Promise<MemberOfList[]> {
  return queries.list(env.db)
}

/** A member as it stands now, whatever its status. `memberId` comes from one of our own rows. */
export async function byId(env: Env, memberId: string): Promise<MemberNow | undefined> {
  return (await queries.byId(env.db, memberId))?.member
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
  const known = await store.byCorporateNumber(env.db, asked.corporateNumber)
  const body = bodyOf(asked)
  const hash = createHash('sha256').update(canonical(body)).digest()
  const at = asked.statusSince ? startOfDay(asked.statusSince) : env.now()
  const turned = known?.status !== asked.status
  const fault = turned && sinceFault(at, env.now(), known?.lastChangeAt)
  const id = known?.id ?? env.newId()
  const change: Change = {
    what: 'member',
    name: body.names.ja,
    version: known?.version ?? 0,
    news: [],
  }
  if (fault) return { id, change, faults: [{ path: `${path}/statusSince`, rule: fault }] }
  const { corporateNumber, status } = asked
  if (!known) await store.insert(env.db, { id, corporateNumber, status, createdAt: env.now() })
  if (!known?.hash.equals(hash)) {
    change.version++
    change.news.push(known ? 'new_version' : 'added')
    const version = { id: env.newId(), memberId: id, version: change.version, body, hash }
    await store.insertVersion(env.db, { ...version, at: env.now() })
  }
  if (turned) {
    if (known) change.news.push('status')
    await turn(env, id, asked, at)
  }
  if (change.news.length) await note(env, id, known, { hash, status, version: change.version })
  return { id, change, faults: [] }
}

async function turn(env: Env, memberId: string, asked: MemberAsked, at: Date): Promise<void> {
  const { status, statusReason: reason = null } = asked
  await store.setStatus(env.db, memberId, status)
  await store.insertStatusChange(env.db, { id: env.newId(), memberId, status, reason, at })
}

type After = { hash: Buffer; status: string; version: number }

async function note(env: Env, id: string, before: store.Known | undefined, after: After) {
  await audit.record(env, {
    actor: { kind: 'system', id: 'onboarding' },
    act: 'members.onboard',
    object: { kind: 'member', id },
    details: {
      before: before ? { hash: before.hash.toString('hex'), status: before.status } : null,
      after: { hash: after.hash.toString('hex'), status: after.status },
      version: after.version,
    },
  })
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
  const found = await store.staffById(env.db, id)
  if (!found || (found.endsOn && found.endsOn < dayOf(env.now()))) return undefined
  return mayWork(found.memberStatus) ? found : undefined
}
