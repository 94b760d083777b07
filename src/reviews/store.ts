import type { Knex } from 'knex'
import type { Json } from '../audit/model.ts'
import { isUuid } from '../input/ids.ts'
import type { Person } from '../persons.ts'
import type { Kind, Proposal, State, Turn, TurnKind } from './model.ts'

type Row = {
  id: string
  kind: Kind
  subject_id: string | null
  member_id: string | null
  state: State
  revision: number
  body: { [key: string]: Json }
  body_hash: Buffer
  created_at: Date
  changed_at: Date
}

const select = `
  select p.*, r.body, r.body_hash from proposals p
  join proposal_revisions r on r.proposal_id = p.id and r.revision = p.revision`

function fromRow(row: Row): Proposal {
  return {
    id: row.id,
    kind: row.kind,
    subjectId: row.subject_id,
    memberId: row.member_id,
    state: row.state,
    revision: row.revision,
    body: row.body,
    hash: row.body_hash.toString('hex'),
    createdAt: row.created_at,
    changedAt: row.changed_at,
  }
}

/**
 * A proposal; `hold` locks it until the transaction ends, so that of two decisions one sees the other. The lock comes
 * first: who waited for it reads anew, and finds the revision that was written meanwhile.
 */
export async function find(db: Knex, id: string, hold = false): Promise<Proposal | undefined> {
  if (!isUuid(id)) return undefined
  if (hold) await db('proposals').where({ id }).forUpdate().first('id')
  const { rows } = await db.raw<{ rows: Row[] }>(`${select} where p.id = :id`, { id })
  return rows[0] && fromRow(rows[0])
}

export type Filter = {
  kinds?: readonly Kind[]
  states?: readonly State[]
  memberId?: string
  subjectId?: string
}

/** Newest change first. */
export async function list(db: Knex, filter: Filter): Promise<Proposal[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `${select}
     where (:kinds::text[] is null or p.kind = any(:kinds))
       and (:states::text[] is null or p.state = any(:states))
       and (:memberId::uuid is null or p.member_id = :memberId)
       and (:subjectId::uuid is null or p.subject_id = :subjectId)
     order by p.changed_at desc, p.id`,
    {
      kinds: filter.kinds ? [...filter.kinds] : null,
      states: filter.states ? [...filter.states] : null,
      memberId: filter.memberId ?? null,
      subjectId: filter.subjectId ?? null,
    },
  )
  return rows.map(fromRow)
}

export async function insert(
  db: Knex,
  row: { id: string; kind: Kind; subjectId: string | null; memberId: string | null; at: Date },
): Promise<void> {
  await db('proposals').insert({
    id: row.id,
    kind: row.kind,
    subject_id: row.subjectId,
    member_id: row.memberId,
    state: 'draft',
    revision: 1,
    created_at: row.at,
    changed_at: row.at,
  })
}

export type Revision = {
  proposalId: string
  revision: number
  body: object
  text: string
  hash: Buffer
  author: Person
  at: Date
}

export async function insertRevision(db: Knex, row: Revision): Promise<void> {
  await db('proposal_revisions').insert({
    proposal_id: row.proposalId,
    revision: row.revision,
    body: JSON.stringify(row.body),
    canonical: row.text,
    body_hash: row.hash,
    author_kind: row.author.kind,
    author_id: row.author.id,
    author_marks: [...row.author.marks],
    at: row.at,
  })
}

export async function move(
  db: Knex,
  row: { id: string; state: State; revision: number; at: Date },
): Promise<void> {
  await db('proposals')
    .where({ id: row.id })
    .update({ state: row.state, revision: row.revision, changed_at: row.at })
}

export type TurnRow = {
  id: string
  proposalId: string
  revision: number
  hash: Buffer
  turn: TurnKind
  by: Person
  note: string | null
  at: Date
}

export async function insertTurn(db: Knex, row: TurnRow): Promise<void> {
  await db('proposal_turns').insert({
    id: row.id,
    proposal_id: row.proposalId,
    revision: row.revision,
    body_hash: row.hash,
    turn: row.turn,
    by_kind: row.by.kind,
    by_id: row.by.id,
    by_marks: [...row.by.marks],
    note: row.note,
    at: row.at,
  })
}

/** The marks of everybody who wrote, edited, submitted or proposed any revision. */
export async function involved(db: Knex, id: string): Promise<string[][]> {
  const { rows } = await db.raw<{ rows: { marks: string[] }[] }>(
    `select author_marks as marks from proposal_revisions where proposal_id = :id
     union all
     select by_marks from proposal_turns
     where proposal_id = :id and turn in ('drafted', 'edited', 'submitted', 'proposed')`,
    { id },
  )
  return rows.map((row) => row.marks)
}

/** Every turn, oldest first; of the same moment, in the order a proposal takes them. */
export async function turns(db: Knex, id: string): Promise<Turn[]> {
  const { rows } = await db.raw<{ rows: (Omit<Turn, 'hash'> & { hash: Buffer })[] }>(
    `select turn, revision, body_hash as hash, by_kind as "byKind", by_id as "byId", note, at
     from proposal_turns where proposal_id = :id
     order by at, revision,
       array_position(array['drafted', 'edited', 'returned', 'submitted', 'proposed'], turn) nulls last, id`,
    { id },
  )
  return rows.map((row) => ({ ...row, hash: row.hash.toString('hex') }))
}
