import type { Knex } from 'knex'
import type { Json } from '../audit/model.ts'
import { isUuid } from '../input/ids.ts'
import type { OperatorRole } from '../persons.ts'
import type { BoxedRole, OperatorAsked, OperatorKept, ViewKept } from './model.ts'

/** One change of rights at a time: held until the transaction ends, so that the last administrator stays (J7). */
export async function lockRights(db: Knex): Promise<void> {
  await db.raw('select pg_advisory_xact_lock(7262011)')
}

type Appointed = Pick<OperatorAsked, 'email' | 'name' | 'roles' | 'endsOn'> & {
  id: string
  at: Date
  passwordHash?: string
  totpSealed?: Buffer
  numberMark?: string | null
  createdBy?: string
}

export async function insert(db: Knex, row: Appointed): Promise<void> {
  await db('operators').insert({
    id: row.id,
    email: row.email,
    name: row.name,
    roles: row.roles,
    password_hash: row.passwordHash ?? null,
    totp_sealed: row.totpSealed ?? null,
    ends_on: row.endsOn,
    number_mark: row.numberMark ?? null,
    created_by: row.createdBy ?? null,
    created_at: row.at,
  })
}

type Row = {
  id: string
  email: string
  name: string
  roles: OperatorRole[]
  ends_on: string
  number_mark: string | null
  created_at: Date
  equipped: boolean
  boxed: BoxedRole[] | null
}

const select = `
  select o.id, o.email, o.name, o.roles, to_char(o.ends_on, 'YYYY-MM-DD') as ends_on, o.number_mark, o.created_at,
    o.totp_sealed is not null or exists (select from passkeys k
      where k.area = 'operator' and k.holder_id = o.id and k.ended_at is null) as equipped,
    (select jsonb_agg(jsonb_build_object('id', b.id, 'role', b.role, 'endsOn', b.ends_on, 'reason', b.reason)
        order by b.created_at, b.id)
      from operator_boxed_roles b where b.operator_id = o.id and b.ended_at is null) as boxed
  from operators o`

export async function byId(db: Knex, id: string): Promise<OperatorKept | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await db.raw<{ rows: Row[] }>(`${select} where o.id = :id`, { id })
  return rows[0] && fromRow(rows[0])
}

/** Everybody who ever was an operator, by name. */
export async function list(db: Knex): Promise<OperatorKept[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(`${select} order by o.name, o.id`)
  return rows.map(fromRow)
}

export async function names(db: Knex, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await db<{ id: string; name: string }>('operators')
    .whereIn('id', ids.filter(isUuid))
    .select('id', 'name')
  return new Map(rows.map(({ id, name }) => [id, name]))
}

export async function setRights(
  db: Knex,
  id: string,
  rights: { roles?: readonly OperatorRole[]; endsOn: string },
): Promise<void> {
  const { roles, endsOn } = rights
  await db('operators')
    .where({ id })
    .update({ ends_on: endsOn, ...(roles && { roles: [...roles] }) })
}

export async function insertBox(
  db: Knex,
  row: BoxedRole & { operatorId: string; proposalId: string; at: Date },
): Promise<void> {
  await db('operator_boxed_roles').insert({
    id: row.id,
    operator_id: row.operatorId,
    role: row.role,
    ends_on: row.endsOn,
    reason: row.reason,
    proposal_id: row.proposalId,
    created_at: row.at,
  })
}

/** Takes back roles for a time: one, or all of somebody. @returns how many */
export function endBoxes(
  db: Knex,
  operatorId: string,
  { at, id }: { at: Date; id?: string },
): Promise<number> {
  return db('operator_boxed_roles')
    .where({ operator_id: operatorId, ...(id !== undefined && { id }) })
    .whereNull('ended_at')
    .update({ ended_at: at })
}

export type ChangeRow = {
  id: string
  operatorId: string
  change: 'appointed' | 'rights' | 'boxed' | 'renewed' | 'ended'
  before: Json
  after: Json
  reason: string | null
  byId: string
  proposalId: string | null
  at: Date
}

export async function insertChange(db: Knex, row: ChangeRow): Promise<void> {
  await db('operator_changes').insert({
    id: row.id,
    operator_id: row.operatorId,
    change: row.change,
    before: JSON.stringify(row.before),
    after: JSON.stringify(row.after),
    reason: row.reason,
    by_id: row.byId,
    proposal_id: row.proposalId,
    at: row.at,
  })
}

export type Change = Pick<ChangeRow, 'change' | 'reason' | 'byId' | 'at'>

/** What became of somebody's rights, newest first. */
export async function changes(db: Knex, operatorId: string): Promise<Change[]> {
  const rows = await db<{
    operator_id: string
    change: Change['change']
    reason: string | null
    by_id: string
    at: Date
  }>('operator_changes')
    .where({ operator_id: operatorId })
    .orderBy('at', 'desc')
  return rows.map(({ change, reason, by_id: byId, at }) => ({ change, reason, byId, at }))
}

export async function insertView(
  db: Knex,
  row: {
    id: string
    operatorId: string
    objectKind: string
    objectId: string
    reason: string | null
    sealed: Buffer | null
    at: Date
  },
): Promise<void> {
  await db('operator_views').insert({
    id: row.id,
    operator_id: row.operatorId,
    object_kind: row.objectKind,
    object_id: row.objectId,
    reason: row.reason,
    reason_sealed: row.sealed,
    at: row.at,
  })
}

export type View = ViewKept & { operatorName: string; objectKind: string; at: Date }

/**
 * Who looked at whom, and why, newest first: one page of it, and how many there are. What is sealed is not searched.
 */
export async function views(
  db: Knex,
  { like, limit, offset }: { like: string; limit: number; offset: number },
): Promise<{ rows: View[]; total: number }> {
  const { rows } = await db.raw<{ rows: (View & { total: string })[] }>(
    `select v.id, o.name as "operatorName", v.object_kind as "objectKind", v.object_id as "objectId", v.reason,
       v.reason_sealed as sealed, v.at,
       count(*) over () as total
     from operator_views v join operators o on o.id = v.operator_id
     where o.name ilike :like escape '\\' or v.reason ilike :like escape '\\'
     order by v.at desc, v.id limit :limit offset :offset`,
    { like, limit, offset },
  )
  return { rows, total: Number(rows[0]?.total ?? 0) }
}

/** Whether this warning is the first of its kind; it counts as sent now. */
export async function noteWarning(
  db: Knex,
  row: { operatorId: string; endsOn: string; days: number; at: Date },
): Promise<boolean> {
  const noted = await db('operator_warnings')
    .insert({ operator_id: row.operatorId, ends_on: row.endsOn, days: row.days, at: row.at })
    .onConflict(['operator_id', 'ends_on', 'days'])
    .ignore()
    .returning('days')
  return noted.length === 1
}

function fromRow(row: Row): OperatorKept {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    lasting: row.roles,
    boxed: row.boxed ?? [],
    endsOn: row.ends_on,
    numberMark: row.number_mark,
    equipped: row.equipped,
    createdAt: row.created_at,
  }
}
