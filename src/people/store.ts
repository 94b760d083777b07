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
  return row && fromRow(row)
}

function fromRow(row: Row): Session {
  return {
    id: row.id_hash.toString('hex'),
    holderId: row.holder_id,
    device: row.device,
    openedAt: row.opened_at,
    seenAt: row.seen_at,
    confirmedAt: row.confirmed_at,
  }
}

export async function touchSession(db: Knex, area: Area, id: string, at: Date): Promise<void> {
  await db(TABLE[area])
    .where({ id_hash: Buffer.from(id, 'hex') })
    .update({ seen_at: at })
}

/** The same session under another bearer value: the old one is nobody's from now on (G2). */
export async function renewSession(
  db: Knex,
  area: Area,
  id: string,
  { idHash, at }: { idHash: Buffer; at: Date },
): Promise<boolean> {
  const renewed = await db(TABLE[area])
    .where({ id_hash: Buffer.from(id, 'hex') })
    .whereNull('ended_at')
    .update({ id_hash: idHash, confirmed_at: at, seen_at: at })
  return renewed === 1
}

/** Sessions that neither ended nor ran out, newest first. */
export async function sessionsOf(
  db: Knex,
  area: Area,
  holderId: string,
  { idle, absolute }: { idle: Date; absolute: Date },
): Promise<Session[]> {
  const rows = await db<Row>(TABLE[area])
    .where({ holder_id: holderId })
    .whereNull('ended_at')
    .where('seen_at', '>', idle)
    .where('opened_at', '>', absolute)
    .orderBy('opened_at', 'desc')
  return rows.map(fromRow)
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
  const kept = except ? [Buffer.from(except, 'hex')] : []
  await db(TABLE[area])
    .whereIn('holder_id', holderIds)
    .whereNotIn('id_hash', kept)
    .whereNull('ended_at')
    .update({ ended_at: at })
}
