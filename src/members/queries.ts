import type { Knex } from 'knex'
import type { MemberBody, MemberOfList, MemberStatus } from './model.ts'

type Row = {
  id: string
  corporate_number: string
  status: MemberStatus
  version_id: string
  version: number
  body: MemberBody
  history: { status: MemberStatus; at: string }[] | null
}

const select = `
  select m.id, m.corporate_number, m.status, v.id as version_id, v.version, v.body,
    (select jsonb_agg(jsonb_build_object('status', c.status, 'at', c.at) order by c.at, c.id)
      from member_status_changes c where c.member_id = m.id) as history
  from members m
  join lateral (select id, version, body from member_versions
    where member_id = m.id order by version desc limit 1) v on true`

/** Every member with its newest version and its history, oldest member first: the list of S-18. */
export async function list(db: Knex): Promise<MemberOfList[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `${select} order by m.created_at, m.corporate_number`,
  )
  return rows.map(fromRow)
}

export async function byId(db: Knex, id: string): Promise<MemberOfList | undefined> {
  const { rows } = await db.raw<{ rows: Row[] }>(`${select} where m.id = :id`, { id })
  return rows[0] && fromRow(rows[0])
}

function fromRow(row: Row): MemberOfList {
  return {
    member: {
      ...row.body,
      id: row.id,
      corporateNumber: row.corporate_number,
      status: row.status,
      versionId: row.version_id,
      version: row.version,
    },
    history: (row.history ?? []).map(({ status, at }) => ({ status, at: new Date(at) })),
  }
}
