import type { Knex } from 'knex'
import type { Evidence } from '../audit/model.ts'
import { closeGate, shutGate } from '../database/gate.ts'
import { named } from '../database/named.ts'
import { sweepBefore } from '../database/sweep.ts'
import type { Language } from '../locales/index.ts'
import type { AnsweredKind, LinkKind, TermKind, Terms } from './model.ts'

/** An account as stored: values only sealed. */
export type Row = {
  id: string
  user_id: string
  email_index: Buffer | null
  pending_index: Buffer | null
  email_verified_at: Date | null
  password_hash: string | null
  data_key: Buffer | null
  profile: Buffer | null
  language: Language
  language_chosen: boolean
  created_at: Date
  /** The company whose test person it is. */
  test_member_id?: string | null
  /** When it is erased, once its owner asked for that. */
  closes_at?: Date | null
  closing_asked_at?: Date | null
}

const COLUMNS =
  'id, user_id, email_index, pending_index, email_verified_at, password_hash, data_key, profile, language, language_chosen, created_at, test_member_id, closes_at'
const OPEN = 'closed_at is null and data_key is not null'
const BY_USER_ID = {
  name: 'resident_by_user_id',
  text: `select ${COLUMNS} from residents where user_id = $1 and ${OPEN}`,
}
const BY_ID = {
  name: 'resident_by_id',
  text: `select ${COLUMNS} from residents where id = $1 and ${OPEN}`,
}
const BY_EMAIL = {
  name: 'resident_by_email',
  text: `select ${COLUMNS} from residents where email_index = $1 and ${OPEN}`,
}

export async function byUserId(db: Knex, userId: string): Promise<Row | undefined> {
  return (await named<Row>(db, BY_USER_ID, [userId])).rows[0]
}

export async function byId(db: Knex, id: string): Promise<Row | undefined> {
  return (await named<Row>(db, BY_ID, [id])).rows[0]
}

/** Open accounts among these. */
export async function byIds(db: Knex, ids: readonly string[]): Promise<Row[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select ${COLUMNS} from residents where id = any(:ids::uuid[]) and ${OPEN}`,
    { ids: [...ids] },
  )
  return rows
}

export async function byEmail(db: Knex, index: Buffer): Promise<Row | undefined> {
  return (await named<Row>(db, BY_EMAIL, [index])).rows[0]
}

/** Sign-ups of an address that wait for its confirmation, newest first. */
export function pendingAt(db: Knex, index: Buffer, limit: number): Promise<Row[]> {
  return db<Row>('residents')
    .where('pending_index', index)
    .orderBy([{ column: 'created_at', order: 'desc' }, 'id'])
    .limit(limit)
    .select(db.raw(COLUMNS))
}

/** The ids of all of them, held until the transaction ends. */
export function lockPending(db: Knex, index: Buffer): Promise<string[]> {
  return db('residents')
    .where('pending_index', index)
    .orderBy('id')
    .forUpdate()
    .pluck<string[]>('id')
}

/** Held until the transaction ends: one sign-up or change of an address at a time. */
export async function lockAddress(db: Knex, index: Buffer): Promise<void> {
  await db.raw('select pg_advisory_xact_lock(?)', [index.readBigInt64BE(0).toString()])
}

/** Against changes of this row, together with others that hold it. */
export async function hold(db: Knex, residentId: string): Promise<void> {
  await db('residents').where({ id: residentId }).forShare().first('id')
}

/** Held until the transaction ends: changes of one profile come one after the other, and no release meanwhile (K8). */
export async function lock(db: Knex, id: string): Promise<void> {
  await closeGate(db, id)
  await db('residents').where({ id }).forUpdate().select('id')
}

export async function insert(db: Knex, row: Row): Promise<void> {
  await db('residents').insert(row)
}

/** @returns whether there was still such an open account */
export async function update(db: Knex, id: string, change: Partial<Row>): Promise<boolean> {
  const changed = await db('residents').where({ id }).whereNull('closed_at').update(change)
  return changed > 0
}

/** Makes a waiting sign-up an account that is found by its address. */
export async function confirm(db: Knex, id: string, index: Buffer, at: Date): Promise<void> {
  await update(db, id, { email_index: index, pending_index: null, email_verified_at: at })
}

/** Erases by key: what is left is a number without a person; rows of evidence keep pointing at it (M8). */
export async function erase(db: Knex, ids: readonly string[], at: Date): Promise<number> {
  await db('mail_links')
    .whereIn('resident_id', [...ids])
    .delete()
  return db('residents')
    .whereIn('id', [...ids])
    .update({
      email_index: null,
      pending_index: null,
      password_hash: null,
      data_key: null,
      profile: null,
      closed_at: at,
    })
}

/** Accounts whose time is over; the longest over first. */
export function closingDue(db: Knex, at: Date, limit: number): Promise<string[]> {
  return db('residents')
    .whereNull('closed_at')
    .where('closes_at', '<=', at)
    .orderBy(['closes_at', 'id'])
    .limit(limit)
    .pluck<string[]>('id')
}

/** The browsers of an account: no evidence, so nothing of them stays. */
export async function forgetSignIns(db: Knex, id: string): Promise<void> {
  await db('sign_ins').where('resident_id', id).delete()
  await db('known_devices').where('resident_id', id).delete()
}

/** Sign-ups erased in one transaction. */
export const ERASED_AT_ONCE = 500

/** Sign-ups whose address was never confirmed, oldest first; held, so that nobody confirms one while it is erased. */
export function unverifiedBefore(db: Knex, before: Date): Promise<string[]> {
  return db('residents')
    .whereNull('email_verified_at')
    .whereNull('closed_at')
    .where('created_at', '<', before)
    .orderBy('created_at')
    .limit(ERASED_AT_ONCE)
    .forUpdate()
    .skipLocked()
    .pluck<string[]>('id')
}

export type TermsRow = {
  id: string
  residentId: string
  kind: AnsweredKind
  given: boolean
  template: string
  templateVersion: number
  templateHash: Buffer
  language: Language
  shownAt: Date
  at: Date
  salt: Buffer
  evidence: Evidence
}

export async function insertTerms(db: Knex, row: TermsRow): Promise<void> {
  await db('resident_terms').insert({
    id: row.id,
    resident_id: row.residentId,
    kind: row.kind,
    given: row.given,
    template: row.template,
    template_version: row.templateVersion,
    template_hash: row.templateHash,
    language: row.language,
    shown_at: row.shownAt,
    at: row.at,
    salt: row.salt,
    canonical: row.evidence.canonical,
    leaf_hash: row.evidence.leafHash,
  })
}

const NEWEST_TERMS = {
  name: 'resident_terms_newest',
  text: `select given, at from resident_terms where resident_id = $1 and kind = $2 order by at desc, id desc limit 1`,
}

export async function newestTerms(
  db: Knex,
  residentId: string,
  kind: TermKind,
): Promise<Terms | undefined> {
  return (await named<Terms>(db, NEWEST_TERMS, [residentId, kind])).rows[0]
}

/** A change as the history shows it: what, never the value. */
export async function insertChanges(
  db: Knex,
  rows: readonly { id: string; residentId: string; what: string; at: Date }[],
): Promise<void> {
  if (!rows.length) return
  await db('resident_changes').insert(
    rows.map(({ id, residentId, what, at }) => ({ id, resident_id: residentId, what, at })),
  )
}

export type LinkRow = {
  id: string
  kind: LinkKind
  resident_id: string
  secret_hash: Buffer
  sealed: Buffer | null
  created_at: Date
  expires_at: Date
  used_at?: Date
}

export async function insertLink(db: Knex, row: LinkRow): Promise<void> {
  await db('mail_links').insert(row)
}

const usable = (db: Knex, kind: LinkKind, secretHash: Buffer, at: Date) =>
  db<LinkRow>('mail_links')
    .where({ kind, secret_hash: secretHash })
    .whereNull('used_at')
    .where('expires_at', '>', at)

export async function usableLink(
  db: Knex,
  kind: LinkKind,
  secretHash: Buffer,
  at: Date,
): Promise<LinkRow | undefined> {
  return usable(db, kind, secretHash, at).first()
}

/** Compare-and-set: of many who come at once, one gets the link, the others nothing (R8). */
export async function consumeLink(
  db: Knex,
  kind: LinkKind,
  secretHash: Buffer,
  at: Date,
): Promise<LinkRow | undefined> {
  const [row] = await usable(db, kind, secretHash, at).update({ used_at: at }).returning('*')
  return row
}

export async function killLinks(
  db: Knex,
  residentId: string,
  kinds: readonly LinkKind[],
  at: Date,
): Promise<void> {
  await db('mail_links')
    .where('resident_id', residentId)
    .whereIn('kind', [...kinds])
    .whereNull('used_at')
    .update({ used_at: at })
}

/** The same for links made at a moment or later. */
export async function killLinksSince(
  db: Knex,
  residentId: string,
  kinds: readonly LinkKind[],
  since: Date,
  at: Date,
): Promise<void> {
  await db('mail_links')
    .where('resident_id', residentId)
    .whereIn('kind', [...kinds])
    .where('created_at', '>=', since)
    .whereNull('used_at')
    .update({ used_at: at })
}

/** Links of a kind that still work. */
export function usableLinks(
  db: Knex,
  residentId: string,
  kind: LinkKind,
  at: Date,
): Promise<LinkRow[]> {
  return db<LinkRow>('mail_links')
    .where({ kind, resident_id: residentId })
    .whereNull('used_at')
    .where('expires_at', '>', at)
}

export async function linkKind(db: Knex, id: string): Promise<LinkKind | undefined> {
  return (await db<LinkRow>('mail_links').where({ id }).first('kind'))?.kind
}

export async function setLinkExpiry(db: Knex, id: string, expiresAt: Date): Promise<void> {
  await db('mail_links').where({ id }).whereNull('used_at').update({ expires_at: expiresAt })
}

/** Links that ended before that. */
export async function deleteLinksBefore(db: Knex, before: Date): Promise<void> {
  await sweepBefore(db, 'mail_links', 'expires_at', before)
}

type SignInRow = {
  session_uid: string
  resident_id: string
  device: string
  signed_in_at: Date
  last_seen_at: Date
  ended_at: Date | null
}

/** A browser that resumes under the uid it has keeps its row: the newest sign-in counts. */
export async function insertSignIn(
  db: Knex,
  row: { session_uid: string; resident_id: string; device: string; at: Date },
): Promise<void> {
  const { at, ...rest } = row
  await db('sign_ins')
    .insert({ ...rest, signed_in_at: at, last_seen_at: at })
    .onConflict('session_uid')
    .merge(['resident_id', 'device', 'signed_in_at', 'last_seen_at'])
    .whereNull('sign_ins.ended_at')
}

export async function touchSignIn(db: Knex, sessionUid: string, at: Date): Promise<void> {
  await db('sign_ins')
    .where('session_uid', sessionUid)
    .where('last_seen_at', '<', at)
    .update({ last_seen_at: at })
}

/** Until the transaction ends, nothing is released to whoever came by this sign-in (K8). */
export async function stopReleases(db: Knex, sessionUid: string): Promise<void> {
  await db('sign_ins')
    .where('session_uid', sessionUid)
    .select(db.raw(shutGate('resident_id')))
}

/** @returns whose it was, where it was still going on */
export async function endSignIn(
  db: Knex,
  sessionUid: string,
  at: Date,
  residentId?: string,
): Promise<string | undefined> {
  const query = db<SignInRow>('sign_ins').where('session_uid', sessionUid).whereNull('ended_at')
  if (residentId !== undefined) void query.where('resident_id', residentId)
  const [row] = await query.update({ ended_at: at }).returning('resident_id')
  return row?.resident_id
}

/** @returns how many were still going on */
export function endSignIns(
  db: Knex,
  residentId: string,
  at: Date,
  except?: string,
): Promise<number> {
  const query = db('sign_ins').where('resident_id', residentId).whereNull('ended_at')
  if (except !== undefined) void query.whereNot('session_uid', except)
  return query.update({ ended_at: at })
}

/** Sign-ins last seen before that, ended or not. */
export async function deleteSignInsBefore(db: Knex, before: Date): Promise<void> {
  await sweepBefore(db, 'sign_ins', 'last_seen_at', before)
}
