import type { Knex } from 'knex'
import type { Area, Session } from './model.ts'

const TABLE: Record<Area, string> = { operator: 'operator_sessions', staff: 'staff_sessions' }

export async function insertSession(
  db: Knex,
  area: Area,
  row: { idHash: Buffer; holderId: string; device: string; at: Date },
): Promise<void> {
  const { idHash, holderId, device, at } = row
  await db(TABLE[area]).insert({
    id_hash: idHash,
    holder_id: holderId,
    device,
    opened_at: at,
    seen_at: at,
    confirmed_at: at,
  })
}

type Row = {
  id_hash: Buffer
  holder_id: string
  device: string
  opened_at: Date
  seen_at: Date
  confirmed_at: Date
}

/** A session that has neither ended nor run out: seen after `idle`, opened after `absolute`. */
export async function session(
  db: Knex,
  area: Area,
  idHash: Buffer,
  { idle, absolute }: { idle: Date; absolute: Date },
): Promise<Session | undefined> {
  const row = await db<Row>(TABLE[area])
    .where({ id_hash: idHash })
    .whereNull('ended_at')
    .where('seen_at', '>', idle)
    .where('opened_at', '>', absolute)
    .first()
  return (
    row && {
      id: row.id_hash.toString('hex'),
      holderId: row.holder_id,
      device: row.device,
      openedAt: row.opened_at,
      seenAt: row.seen_at,
      confirmedAt: row.confirmed_at,
    }
  )
}

export async function touchSession(db: Knex, area: Area, id: string, at: Date): Promise<void> {
  await db(TABLE[area])
    .where({ id_hash: Buffer.from(id, 'hex') })
    .update({ seen_at: at })
}

export async function confirmSession(db: Knex, area: Area, id: string, at: Date): Promise<void> {
  await db(TABLE[area])
    .where({ id_hash: Buffer.from(id, 'hex') })
    .update({ confirmed_at: at, seen_at: at })
}

export async function endSession(db: Knex, area: Area, id: string, at: Date): Promise<void> {
  await db(TABLE[area])
    .where({ id_hash: Buffer.from(id, 'hex') })
    .whereNull('ended_at')
    .update({ ended_at: at })
}

/** Ends every session of these people; `except` is the id of one that goes on. */
export async function endSessions(
  db: Knex,
  area: Area,
  holderIds: readonly string[],
  { at, except }: { at: Date; except?: string | undefined },
): Promise<void> {
  const rows = db(TABLE[area]).whereIn('holder_id', holderIds).whereNull('ended_at')
  if (except) rows.whereNot('id_hash', Buffer.from(except, 'hex'))
  await rows.update({ ended_at: at })
}
