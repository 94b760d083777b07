/** SQL of the batches and of the letters themselves. */
import type { Knex } from 'knex'
import type { Batch } from './model.ts'

export async function insertBatch(db: Knex, batch: Batch): Promise<void> {
  await db('incident_batches').insert({
    incident_id: batch.incidentId,
    number: batch.number,
    first_resident: batch.first,
    last_resident: batch.last,
    persons: batch.persons,
  })
}

/** A batch that is not done, held until the transaction ends; undefined where it is done. */
export async function holdBatch(
  db: Knex,
  incidentId: string,
  number: number,
): Promise<Batch | undefined> {
  const { rows } = await db.raw<{ rows: Batch[] }>(
    `select incident_id as "incidentId", number, first_resident as first, last_resident as last, persons
     from incident_batches where incident_id = :incidentId and number = :number and done_at is null for update`,
    { incidentId, number },
  )
  return rows[0]
}

export async function batchDone(db: Knex, { incidentId, number }: Batch, at: Date): Promise<void> {
  await db('incident_batches').where({ incident_id: incidentId, number }).update({ done_at: at })
}

/** Numbers of the batches that are not done. */
export async function batchesLeft(db: Knex, incidentId: string): Promise<number[]> {
  return db('incident_batches')
    .where({ incident_id: incidentId })
    .whereNull('done_at')
    .orderBy('number')
    .pluck<number[]>('number')
}

/** The persons of a batch. */
export async function personsBetween(
  db: Knex,
  { incidentId, first, last }: Pick<Batch, 'incidentId' | 'first' | 'last'>,
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `select distinct resident_id as id from incident_findings
     where incident_id = :incidentId and resident_id between :first and :last order by resident_id`,
    { incidentId, first, last },
  )
  return rows.map(({ id }) => id)
}

export type NewLetter = { id: string; residentId: string; outcome: 'posted' | 'unreachable' }

/** @returns ids of the letters that are new: those somebody has already are left out */
export async function insertLetters(
  db: Knex,
  incidentId: string,
  letters: readonly NewLetter[],
  at: Date,
): Promise<Set<string>> {
  const { rows } = await db.raw<{ rows: { id: string }[] }>(
    `insert into incident_letters (id, incident_id, resident_id, outcome, at)
     select l.id, :incidentId, l.resident, l.outcome, :at
     from unnest(:ids::uuid[], :residents::uuid[], :outcomes::text[]) l (id, resident, outcome)
     on conflict (incident_id, resident_id) do nothing returning id`,
    {
      incidentId,
      at,
      ids: letters.map(({ id }) => id),
      residents: letters.map(({ residentId }) => residentId),
      outcomes: letters.map(({ outcome }) => outcome),
    },
  )
  return new Set(rows.map(({ id }) => id))
}

/** The mail of a letter was handed to the mail server. */
export async function mailed(db: Knex, id: string, at: Date): Promise<void> {
  await db('incident_letters').where({ id }).whereNull('mailed_at').update({ mailed_at: at })
}

/** These letters were printed at the desk. */
export async function printed(
  db: Knex,
  incidentId: string,
  ids: readonly string[],
  at: Date,
): Promise<number> {
  return db('incident_letters')
    .where({ incident_id: incidentId, outcome: 'posted' })
    .whereIn('id', [...ids])
    .whereNull('printed_at')
    .update({ printed_at: at })
}
