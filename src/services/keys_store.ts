import type { Knex } from 'knex'
import type { Service } from './model.ts'

export type ClientKeys = Pick<Service, 'id' | 'clientId' | 'authMethod' | 'jwks'> & {
  secretIssuedAt: Date | null
}

type Row = {
  id: string
  client_id: string
  auth_method: Service['authMethod']
  jwks: Service['jwks']
  secret_issued_at: Date | null
}

/** The client of a company's service, held until the transaction ends; never what is secret of it. */
export async function held(
  db: Knex,
  id: string,
  memberId: string,
): Promise<ClientKeys | undefined> {
  const row = await db('services')
    .where({ id, member_id: memberId })
    .forUpdate()
    .first<Row | undefined>('id', 'client_id', 'auth_method', 'jwks', 'secret_issued_at')
  return (
    row && {
      id: row.id,
      clientId: row.client_id,
      authMethod: row.auth_method,
      jwks: row.jwks,
      secretIssuedAt: row.secret_issued_at,
    }
  )
}

export async function setKeys(db: Knex, id: string, jwks: Service['jwks']): Promise<void> {
  await db('services')
    .where({ id })
    .update({ jwks: JSON.stringify(jwks) })
}

/** @param hash SHA-256 of the secret, which is kept nowhere */
export async function setSecret(db: Knex, id: string, hash: Buffer, at: Date): Promise<void> {
  await db('services').where({ id }).update({ secret_hash: hash, secret_issued_at: at })
}
