import type { Knex } from 'knex'
import type { OperatorAsked } from './model.ts'

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
