/** Opening and sealing accounts: the only place where a resident's values become readable. */
import type { Env } from '../env.ts'
import { Refusal } from '../refusal.ts'
import { keyed, seal, unseal } from '../vault.ts'
import type { Changes } from './fields.ts'
import type { Profile, Resident } from './model.ts'
import * as store from './store.ts'

/** How a canonical address is found without being stored. */
export function emailIndex(env: Env, email: string): Buffer {
  return keyed(env.secrets.emailIndex, email)
}

/** @throws Error where the installation's key does not open it; nothing is overwritten (M3) */
export function opened(env: Env, row: store.Row): Resident {
  if (!row.data_key || !row.profile) throw new Error('an erased account cannot be opened')
  const dataKey = unseal(env.secrets.residents, row.data_key, `resident:${row.id}`)
  const profile = JSON.parse(
    unseal(dataKey, row.profile, `profile:${row.id}`).toString(),
  ) as Profile
  return {
    id: row.id,
    userId: row.user_id,
    language: row.language,
    chosenLanguage: row.language_chosen ? row.language : undefined,
    emailVerifiedAt: row.email_verified_at,
    createdAt: row.created_at,
    testMemberId: row.test_member_id ?? null,
    closesAt: row.closes_at ?? null,
    dataKey,
    profile,
  }
}

/** A resident's own key, wrapped by the installation's. */
export function wrapped(env: Env, id: string, dataKey: Buffer): Buffer {
  return seal(env.secrets.residents, dataKey, `resident:${id}`)
}

export function sealedProfile(id: string, dataKey: Buffer, profile: Profile): Buffer {
  return seal(dataKey, JSON.stringify(profile), `profile:${id}`)
}

export async function read(env: Env, residentId: string): Promise<Resident | undefined> {
  const row = await store.byId(env.db, residentId)
  return row && opened(env, row)
}

/** @throws Refusal not_found where the account is closed */
export async function need(
  env: Env,
  residentId: string,
): Promise<{ row: store.Row; resident: Resident }> {
  const row = await store.byId(env.db, residentId)
  if (!row) throw new Refusal('not_found')
  return { row, resident: opened(env, row) }
}

/** A profile with changes put in; what is undefined is taken back. */
export function changed(profile: Profile, changes: Changes): Profile {
  const all = Object.entries({ ...profile, ...changes }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(all) as Profile
}
