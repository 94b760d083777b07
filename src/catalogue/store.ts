import type { Knex } from 'knex'
import { named, type Statement } from '../database/named.ts'
import { isItemId, type Catalogue, type Item, type Purpose } from './model.ts'

type ItemRow = {
  id: string
  version: number
  names: Item['names']
  claims: string[]
  scope: string
}
type PurposeRow = Purpose

const newestItems: Statement = {
  name: 'catalogue_items',
  text: `select id, version, names, claims, scope from (
           select distinct on (id) id, version, position, names, claims, scope
           from items order by id, version desc) newest
         order by position`,
}

const newestPurposes: Statement = {
  name: 'catalogue_purposes',
  text: `select id, version, names from (
           select distinct on (id) id, version, position, names
           from purposes order by id, version desc) newest
         order by position`,
}

/** The newest version of every item and purpose, in catalogue order. */
export async function newest(db: Knex): Promise<Catalogue> {
  const items = await named<ItemRow>(db, newestItems, [])
  const purposes = await named<PurposeRow>(db, newestPurposes, [])
  return { items: items.rows.map(itemFromRow), purposes: purposes.rows }
}

function itemFromRow(row: ItemRow): Item {
  if (!isItemId(row.id)) throw new Error(`the catalogue holds an unknown item: ${row.id}`)
  return {
    id: row.id,
    version: row.version,
    names: row.names,
    claims: row.claims,
    scope: row.scope,
  }
}
