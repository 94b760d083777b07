/** SQL of codes, tokens, sessions, interactions and replays: bare named statements. Bearer values only as hashes (T4). */
import type { Knex } from 'knex'
import { named } from '../database/named.ts'
import { sweepBefore } from '../database/sweep.ts'

export type Payload = Record<string, unknown>
type Row = { payload: Payload }

const one = async (db: Knex, statement: { name: string; text: string }, values: unknown[]) =>
  (await named<Row>(db, statement, values)).rows[0]?.payload

// ── tokens and codes ─────────────────────────────────────────────────────────

export type TokenRow = {
  kind: string
  idHash: Buffer
  grantId: string | null
  clientId: string | null
  sessionUid: string | null
  payload: Payload
  expiresAt: Date
}

const TOKEN_UPSERT = {
  name: 'oidc_token_upsert',
  text: `insert into oidc_tokens (kind, id_hash, grant_id, client_id, session_uid, payload, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (kind, id_hash) do update set payload = excluded.payload, expires_at = excluded.expires_at`,
}

export async function saveToken(db: Knex, row: TokenRow): Promise<void> {
  await named(db, TOKEN_UPSERT, [
    row.kind,
    row.idHash,
    row.grantId,
    row.clientId,
    row.sessionUid,
    JSON.stringify(row.payload),
    row.expiresAt,
  ])
}

const TOKEN_FIND = {
  name: 'oidc_token_find',
  text: 'select payload, consumed_at from oidc_tokens where kind = $1 and id_hash = $2',
}
const TOKEN_FIND_HELD = { name: 'oidc_token_find_held', text: `${TOKEN_FIND.text} for key share` }

/** @param hold keeps the row against deletion until the transaction ends, so that a revocation waits for what it led to */
export async function token(
  db: Knex,
  kind: string,
  idHash: Buffer,
  hold: boolean,
): Promise<{ payload: Payload; consumedAt: Date | null } | undefined> {
  const statement = hold ? TOKEN_FIND_HELD : TOKEN_FIND
  const { rows } = await named<Row & { consumed_at: Date | null }>(db, statement, [kind, idHash])
  return rows[0] && { payload: rows[0].payload, consumedAt: rows[0].consumed_at }
}

const TOKEN_SETTLE = {
  name: 'oidc_token_settle',
  text: 'update oidc_tokens set consumed_at = $3 where kind = $1 and id_hash = $2',
}

/** Moves the moment of consumption to the end of its request: whoever came in before raced, and replayed nothing. */
export async function settleConsumed(
  db: Knex,
  kind: string,
  idHash: Buffer,
  at: Date,
): Promise<void> {
  await named(db, TOKEN_SETTLE, [kind, idHash, at])
}

/** A key for PostgreSQL's advisory locks. */
const grantKey = (grant: string) =>
  `pg_advisory_xact_lock(hashtextextended('oidc grant ' || ${grant}, 0))`
const GRANT_LOCK_BY_TOKEN = {
  name: 'oidc_grant_lock_by_token',
  text: `select ${grantKey('grant_id')} from oidc_tokens where kind = $1 and id_hash = $2`,
}
const GRANT_LOCK = { name: 'oidc_grant_lock', text: `select ${grantKey('$1::text')}` }

/**
 * One after the other for all that redeem, refresh or revoke tokens of one grant, until the transaction ends. Row locks
 * would not do: two that replay a code both hold its row, and both want to delete it.
 */
export async function lockGrantOf(db: Knex, kind: string, idHash: Buffer): Promise<void> {
  await named(db, GRANT_LOCK_BY_TOKEN, [kind, idHash])
}

const TOKEN_CONSUME = {
  name: 'oidc_token_consume',
  text: `update oidc_tokens set consumed_at = $3, payload = payload || jsonb_build_object('consumed', $4::bigint)
    where kind = $1 and id_hash = $2 and consumed_at is null`,
}

/** Compare and set: true for exactly one caller (T1). */
export async function consumeToken(
  db: Knex,
  kind: string,
  idHash: Buffer,
  at: Date,
): Promise<boolean> {
  const { rowCount } = await named(db, TOKEN_CONSUME, [
    kind,
    idHash,
    at,
    Math.floor(at.getTime() / 1000),
  ])
  return rowCount === 1
}

const TOKEN_DELETE = {
  name: 'oidc_token_delete',
  text: 'delete from oidc_tokens where kind = $1 and id_hash = $2',
}

export async function deleteToken(db: Knex, kind: string, idHash: Buffer): Promise<void> {
  await named(db, TOKEN_DELETE, [kind, idHash])
}

const GRANT_DELETE = {
  name: 'oidc_grant_delete',
  text: 'delete from oidc_tokens where grant_id = $1',
}

/** Deletes all codes and tokens of a grant, those of requests under way included: it waits for them. */
export async function deleteByGrant(db: Knex, grantId: string): Promise<void> {
  await named(db, GRANT_LOCK, [grantId])
  await named(db, GRANT_DELETE, [grantId])
}

// ── sessions ─────────────────────────────────────────────────────────────────

export type SessionRow = {
  idHash: Buffer
  uid: string
  accountId: string | null
  loginTs: number | null
  payload: Payload
  expiresAt: Date
  at: Date
}

const SESSION_UPSERT = {
  name: 'oidc_session_upsert',
  text: `insert into oidc_sessions (id_hash, uid, account_id, login_ts, payload, expires_at, saved_at)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (id_hash) do update set account_id = excluded.account_id, login_ts = excluded.login_ts,
      expires_at = excluded.expires_at, saved_at = excluded.saved_at,
      payload = case when $8 then excluded.payload || jsonb_build_object('authorizations',
          coalesce(oidc_sessions.payload->'authorizations', '{}') || coalesce(excluded.payload->'authorizations', '{}'))
        else excluded.payload end`,
}

/** @param merge keeps other tabs' entries of `authorizations`, which the library would overwrite */
export async function saveSession(db: Knex, row: SessionRow, merge: boolean): Promise<void> {
  await named(db, SESSION_UPSERT, [
    row.idHash,
    row.uid,
    row.accountId,
    row.loginTs,
    JSON.stringify(row.payload),
    row.expiresAt,
    row.at,
    merge,
  ])
}

const SESSION_RETIRE = {
  name: 'oidc_session_retire',
  text: `update oidc_sessions set expires_at = $2, payload = payload || jsonb_build_object('exp', $3::bigint)
    where id_hash = $1 and expires_at > $2`,
}

/** A rotated identifier stays readable for a few seconds, for the other tab's request already under way. */
export async function retireSession(db: Knex, idHash: Buffer, until: Date): Promise<void> {
  await named(db, SESSION_RETIRE, [idHash, until, Math.floor(until.getTime() / 1000)])
}

export async function deleteSession(db: Knex, idHash: Buffer): Promise<void> {
  await db('oidc_sessions')
    .whereIn('uid', db('oidc_sessions').select('uid').where({ id_hash: idHash }))
    .delete()
}

export async function deleteSessionsByUid(db: Knex, uid: string): Promise<void> {
  await db('oidc_sessions').where({ uid }).delete()
}

// ── interactions and pushed requests ─────────────────────────────────────────

const EPHEMERAL_UPSERT = {
  name: 'oidc_ephemeral_upsert',
  text: `insert into oidc_ephemerals (kind, id_hash, payload, expires_at) values ($1, $2, $3, $4)
    on conflict (kind, id_hash) do update set payload = excluded.payload, expires_at = excluded.expires_at`,
}

export async function saveEphemeral(
  db: Knex,
  kind: string,
  idHash: Buffer,
  payload: Payload,
  expiresAt: Date,
): Promise<void> {
  await named(db, EPHEMERAL_UPSERT, [kind, idHash, JSON.stringify(payload), expiresAt])
}

const EPHEMERAL_FIND = {
  name: 'oidc_ephemeral_find',
  text: 'select payload from oidc_ephemerals where kind = $1 and id_hash = $2',
}

export function ephemeral(db: Knex, kind: string, idHash: Buffer): Promise<Payload | undefined> {
  return one(db, EPHEMERAL_FIND, [kind, idHash])
}

const EPHEMERAL_CONSUME = {
  name: 'oidc_ephemeral_consume',
  text: `update oidc_ephemerals set consumed_at = $3, payload = payload || jsonb_build_object('consumed', $4::bigint)
    where kind = $1 and id_hash = $2 and consumed_at is null`,
}

export async function consumeEphemeral(
  db: Knex,
  kind: string,
  idHash: Buffer,
  at: Date,
): Promise<boolean> {
  const { rowCount } = await named(db, EPHEMERAL_CONSUME, [
    kind,
    idHash,
    at,
    Math.floor(at.getTime() / 1000),
  ])
  return rowCount === 1
}

const EPHEMERAL_DELETE = {
  name: 'oidc_ephemeral_delete',
  text: 'delete from oidc_ephemerals where kind = $1 and id_hash = $2',
}

export async function deleteEphemeral(db: Knex, kind: string, idHash: Buffer): Promise<void> {
  await named(db, EPHEMERAL_DELETE, [kind, idHash])
}

// ── once only ────────────────────────────────────────────────────────────────

const REPLAY_INSERT = {
  name: 'oidc_replay_insert',
  text: `insert into oidc_replays (id_hash, expires_at) values ($1, $2)
    on conflict (id_hash) do update set expires_at = excluded.expires_at where oidc_replays.expires_at < $3`,
}

/** True for the first use of an assertion's `jti`, false for every other (T2). */
export async function firstUse(
  db: Knex,
  idHash: Buffer,
  expiresAt: Date,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await named(db, REPLAY_INSERT, [idHash, expiresAt, now])
  return rowCount === 1
}

const RESUME_CLAIM = {
  name: 'oidc_resume_claim',
  text: 'insert into oidc_resumes (uid_hash, at) values ($1, $2) on conflict do nothing',
}

/** True for the first to resume an interaction (T3). */
export async function claimResume(db: Knex, uidHash: Buffer, at: Date): Promise<boolean> {
  const { rowCount } = await named(db, RESUME_CLAIM, [uidHash, at])
  return rowCount === 1
}

/** Whether an interaction was resumed, for as long as resumes are kept. */
export async function wasResumed(db: Knex, uidHash: Buffer): Promise<boolean> {
  return (await db('oidc_resumes').where({ uid_hash: uidHash }).first('at')) !== undefined
}

const SWEPT = [
  ['oidc_sessions', 'expires_at'],
  ['oidc_tokens', 'expires_at'],
  ['oidc_replays', 'expires_at'],
  ['oidc_resumes', 'at'],
] as const

/**
 * Deletes what expired before a moment, until nothing is left.
 *
 * @param requestsBefore of requests half-way: they hold what a service sent, a `login_hint` with a mail address too
 * @returns rows deleted
 */
export async function sweep(db: Knex, before: Date, requestsBefore: Date): Promise<number> {
  let gone = await sweepBefore(db, 'oidc_ephemerals', 'expires_at', requestsBefore)
  for (const [table, column] of SWEPT) gone += await sweepBefore(db, table, column, before)
  return gone
}

/** What is stored of an account: its sessions by their index, its tokens by a walk, since accounts close rarely. */
export async function deleteAccount(db: Knex, accountId: string): Promise<void> {
  await db('oidc_sessions').where('account_id', accountId).delete()
  await db('oidc_tokens').whereRaw(`payload ->> 'accountId' = ?`, [accountId]).delete()
}
