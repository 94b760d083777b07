import type { Knex } from 'knex'
import { isUuid } from '../input/ids.ts'
import type { OperatorRole } from '../persons.ts'
import type { Operator, OperatorAsked } from './model.ts'

export async function insert(
  db: Knex,
  row: Omit<OperatorAsked, 'totpSecret'> & { id: string; totpSealed: Buffer; at: Date },
): Promise<void> {
  await db('operators').insert({
    id: row.id,
    email: row.email,
    name: row.name,
    roles: row.roles,
    password_hash: row.passwordHash,
    totp_sealed: row.totpSealed,
    ends_on: row.endsOn,
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
}

const columns = (db: Knex) => [
  'id',
  'email',
  'name',
  'roles',
  db.raw(`to_char(ends_on, 'YYYY-MM-DD') as ends_on`),
  'number_mark',
]

export async function byId(db: Knex, id: string): Promise<Operator | undefined> {
  if (!isUuid(id)) return undefined
  const row = (await db('operators').where({ id }).first(columns(db))) as Row | undefined
  return row && fromRow(row)
}

function fromRow(row: Row): Operator {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    roles: row.roles,
    endsOn: row.ends_on,
    numberMark: row.number_mark,
  }
}
