/** Browsers a resident signed in with: only the hash of what the browser holds is here. */
import type { Knex } from 'knex'
import { named } from '../database/named.ts'
import { sweepBefore } from '../database/sweep.ts'

const SEEN = {
  name: 'device_seen',
  text: `update known_devices set seen_at = $3
    where resident_id = $1 and token_hash = $2 and seen_at > $4 returning 1 as n`,
}

/** Notes that a known browser was seen again. @returns false where this resident does not know it */
export async function seen(
  db: Knex,
  residentId: string,
  hash: Buffer,
  { at, since }: { at: Date; since: Date },
): Promise<boolean> {
  return (await named(db, SEEN, [residentId, hash, at, since])).rows.length > 0
}

/** A browser becomes known under `hash`; other residents who share it know it by the same from now on. */
export async function add(
  db: Knex,
  residentId: string,
  hash: Buffer,
  { before, at }: { before: Buffer | undefined; at: Date },
): Promise<void> {
  if (before) {
    await db('known_devices')
      .where('token_hash', before)
      .whereNot('resident_id', residentId)
      .update({ token_hash: hash })
    await db('known_devices').where({ resident_id: residentId, token_hash: before }).delete()
  }
  await db('known_devices').insert({ resident_id: residentId, token_hash: hash, seen_at: at })
}

/** @returns whether this was the first sign-in of the account */
export async function firstSignIn(db: Knex, residentId: string): Promise<boolean> {
  const changed = await db('residents')
    .where({ id: residentId, has_signed_in: false })
    .update({ has_signed_in: true })
  return changed > 0
}

export async function forget(db: Knex, residentId: string): Promise<void> {
  await db('known_devices').where('resident_id', residentId).delete()
}

export async function deleteBefore(db: Knex, before: Date): Promise<void> {
  await sweepBefore(db, 'known_devices', 'seen_at', before)
}
