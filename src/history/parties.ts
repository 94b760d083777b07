/**
 * Whom an entry names: the service and company of its own day. A service that went to another company since did not take
 * along what was agreed and provided before (S-59; APPI 29 by way of E-04).
 */
import type { Knex } from 'knex'
import type { IdKind } from '../catalogue/model.ts'
import type { Both } from '../installation.ts'
import { inForce } from '../records/model.ts'
import type { ServiceNow } from '../services/model.ts'
import * as line from './line_queries.ts'
import type { HistoryRow, Party } from './model.ts'

export type Named = { service: Both; provider: Both; idKind: IdKind }

/**
 * Entry → whom it names; names are looked up once for all of them.
 *
 * @param services as they are now; what belongs to none of them is left out
 */
export async function namedIn(
  db: Knex,
  rows: readonly HistoryRow[],
  services: ReadonlyMap<string, ServiceNow>,
): Promise<Map<string, Named>> {
  const parties = rows.map(({ details }) => details.party ?? {})
  const ids = (of: keyof Party) => [...new Set(parties.flatMap((party) => party[of] ?? []))]
  const [companies, versions, kinds] = await Promise.all([
    line.companyNames(db, ids('member')),
    line.serviceNames(db, ids('version')),
    line.idKinds(db, ids('contract')),
  ])
  const named = new Map<string, Named>()
  for (const { id, at, service_id, details } of rows) {
    const now = service_id === null ? undefined : services.get(service_id)
    if (!now) continue
    const { member = '', version = '', contract = '', id_kind } = details.party ?? {}
    named.set(id, {
      service: versions.get(version) ?? now.version.names,
      provider: inForce(companies.get(member) ?? [], at)?.names ?? now.member.names,
      idKind: id_kind ?? kinds.get(contract) ?? now.contract.subjectType,
    })
  }
  return named
}
