/** SQL of passwords, codes, passkeys, invitations and steps; the first two are columns of the account's own row. */
import type { Knex } from 'knex'
import { sweepBefore } from '../database/sweep.ts'
import type { Area, Holder, Passkey } from './model.ts'

const HOLDERS: Record<Area, string> = { operator: 'operators', staff: 'staff' }

type HolderRow = {
  id: string
  email: string
  name: string
  password_hash: string | null
  totp_sealed: Buffer | null
}

async function holder(db: Knex, area: Area, by: { id: string } | { email: string }) {
  const row = await db<HolderRow>(HOLDERS[area])
    .where(by)
    .first('id', 'email', 'name', 'password_hash', 'totp_sealed')
  return (
    row && {
      id: row.id,
      email: row.email,
      name: row.name,
      passwordHash: row.password_hash,
      totpSealed: row.totp_sealed,
    }
  )
}

export function byId(db: Knex, area: Area, id: string): Promise<Holder | undefined> {
  return holder(db, area, { id })
}

/** @param email canonical */
export function byEmail(db: Knex, area: Area, email: string): Promise<Holder | undefined> {
  return holder(db, area, { email })
}

/** Holds the account's row until the transaction ends: what it can sign in with changes one at a time. */
export async function hold(db: Knex, area: Area, id: string): Promise<void> {
  await db(HOLDERS[area]).where({ id }).forUpdate().first('id')
}

export async function setPassword(
  db: Knex,
  area: Area,
  id: string,
  row: { passwordHash: string | null; totpSealed: Buffer | null; step: number | null },
): Promise<void> {
  await db(HOLDERS[area]).where({ id }).update({
    password_hash: row.passwordHash,
    totp_sealed: row.totpSealed,
    totp_last_step: row.step,
  })
}

export async function upgradePassword(db: Knex, area: Area, id: string, hash: string) {
  await db(HOLDERS[area]).where({ id }).update({ password_hash: hash })
}

/** Whether this time step was not used before; it is now. One of many parallel calls wins (H15). */
export async function useTimeStep(
  db: Knex,
  area: Area,
  id: string,
  step: number,
): Promise<boolean> {
  const moved = await db(HOLDERS[area])
    .where({ id })
    .where((row) => void row.whereNull('totp_last_step').orWhere('totp_last_step', '<', step))
    .update({ totp_last_step: step })
  return moved === 1
}

export async function insertStep(
  db: Knex,
  row: { idHash: Buffer; area: Area; holderId: string; at: Date; expiresAt: Date },
): Promise<void> {
  await db('sign_in_steps').insert({
    id_hash: row.idHash,
    area: row.area,
    holder_id: row.holderId,
    tries: 0,
    created_at: row.at,
    expires_at: row.expiresAt,
  })
}

/** Whose step it is, while it stands; nothing is counted. */
export async function standingStep(
  db: Knex,
  area: Area,
  idHash: Buffer,
  { at, tries }: { at: Date; tries: number },
): Promise<string | undefined> {
  const row = await db<{ id_hash: Buffer; area: Area; holder_id: string }>('sign_in_steps')
    .where({ id_hash: idHash, area })
    .whereNull('used_at')
    .where('expires_at', '>', at)
    .where('tries', '<', tries)
    .first('holder_id')
  return row?.holder_id
}

/** Counts one try before anything is compared (H6). @returns whose step it is */
export async function tryStep(
  db: Knex,
  area: Area,
  idHash: Buffer,
  { at, tries }: { at: Date; tries: number },
): Promise<string | undefined> {
  const { rows } = await db.raw<{ rows: { holder_id: string }[] }>(
    `update sign_in_steps set tries = tries + 1
     where id_hash = :idHash and area = :area and used_at is null and expires_at > :at and tries < :tries
     returning holder_id`,
    { idHash, area, at, tries },
  )
  return rows[0]?.holder_id
}

export async function useStep(db: Knex, idHash: Buffer, at: Date): Promise<boolean> {
  const used = await db('sign_in_steps')
    .where({ id_hash: idHash })
    .whereNull('used_at')
    .update({ used_at: at })
  return used === 1
}

/** Whether this challenge was not used before; it is now (H14). */
export async function useChallenge(db: Knex, hash: Buffer, expiresAt: Date): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `insert into used_challenges (challenge_hash, expires_at) values (:hash, :expiresAt)
     on conflict do nothing`,
    { hash, expiresAt },
  )
  return rowCount === 1
}

type PasskeyRow = {
  id: string
  area: Area
  holder_id: string
  credential_id: string
  public_key: Buffer
  counter: string
  transports: string[]
  name: string
  created_at: Date
  used_at: Date | null
}

const fromRow = (row: PasskeyRow): Passkey => ({
  id: row.id,
  holderId: row.holder_id,
  credentialId: row.credential_id,
  publicKey: row.public_key,
  counter: Number(row.counter),
  transports: row.transports,
  name: row.name,
  createdAt: row.created_at,
  usedAt: row.used_at,
})

export async function passkeysOf(db: Knex, area: Area, holderId: string): Promise<Passkey[]> {
  const rows = await db<PasskeyRow>('passkeys')
    .where({ area, holder_id: holderId })
    .whereNull('ended_at')
    .orderBy(['created_at', 'id'])
  return rows.map(fromRow)
}

/** By the credential's id, held until the transaction ends so that its counter moves one step at a time. */
export async function passkey(
  db: Knex,
  area: Area,
  credentialId: string,
): Promise<Passkey | undefined> {
  const row = await db<PasskeyRow>('passkeys')
    .where({ area, credential_id: credentialId })
    .whereNull('ended_at')
    .forUpdate()
    .first()
  return row && fromRow(row)
}

/** @returns false where the credential is somebody's already */
export async function insertPasskey(
  db: Knex,
  area: Area,
  row: Omit<Passkey, 'usedAt'>,
): Promise<boolean> {
  const inserted = await db('passkeys')
    .insert({
      id: row.id,
      area,
      holder_id: row.holderId,
      credential_id: row.credentialId,
      public_key: row.publicKey,
      counter: row.counter,
      transports: row.transports,
      name: row.name,
      created_at: row.createdAt,
    })
    .onConflict('credential_id')
    .ignore()
    .returning('id')
  return inserted.length === 1
}

export async function usePasskey(
  db: Knex,
  id: string,
  { counter, at }: { counter: number; at: Date },
): Promise<void> {
  await db('passkeys').where({ id }).update({ counter, used_at: at })
}

/** Ends one passkey of somebody, or all of them. @returns how many ended */
export function endPasskeys(
  db: Knex,
  area: Area,
  holderId: string,
  { at, id }: { at: Date; id?: string },
): Promise<number> {
  return db('passkeys')
    .where({ area, holder_id: holderId, ...(id !== undefined && { id }) })
    .whereNull('ended_at')
    .update({ ended_at: at })
}

export async function insertInvitation(
  db: Knex,
  row: { id: string; area: Area; holderId: string; secretHash: Buffer; at: Date; expiresAt: Date },
): Promise<void> {
  await db('invitations').insert({
    id: row.id,
    area: row.area,
    holder_id: row.holderId,
    secret_hash: row.secretHash,
    created_at: row.at,
    expires_at: row.expiresAt,
  })
}

/** Whose invitation it is, while it works. */
export async function invited(
  db: Knex,
  area: Area,
  secretHash: Buffer,
  at: Date,
): Promise<{ id: string; holderId: string } | undefined> {
  const row = await db<{ id: string; area: Area; secret_hash: Buffer; holder_id: string }>(
    'invitations',
  )
    .where({ area, secret_hash: secretHash })
    .whereNull('used_at')
    .whereNull('ended_at')
    .where('expires_at', '>', at)
    .first('id', 'holder_id')
  return row && { id: row.id, holderId: row.holder_id }
}

/** @returns whether it was this call that used it */
export async function useInvitation(db: Knex, id: string, at: Date): Promise<boolean> {
  const used = await db('invitations')
    .where({ id })
    .whereNull('used_at')
    .whereNull('ended_at')
    .where('expires_at', '>', at)
    .update({ used_at: at })
  return used === 1
}

export async function endInvitations(db: Knex, area: Area, holderId: string, at: Date) {
  await db('invitations')
    .where({ area, holder_id: holderId })
    .whereNull('used_at')
    .whereNull('ended_at')
    .update({ ended_at: at })
}

/** Deletes steps and challenges that are over. */
export async function sweep(db: Knex, before: Date): Promise<void> {
  for (const table of ['sign_in_steps', 'used_challenges'])
    await sweepBefore(db, table, 'expires_at', before)
}

/** Sign-ins of operators and staff that were last seen before then. */
export async function sweepSessions(db: Knex, before: Date): Promise<void> {
  for (const table of ['operator_sessions', 'staff_sessions'])
    await sweepBefore(db, table, 'seen_at', before)
}
