import type { Knex } from 'knex'

/** How a resident stands to the terms of the ID. */
export type TermsStanding = {
  /** The version agreed to: at sign-up, or since where a new one asked. */
  agreed: number
  /** The newest answer to a new version, if any. */
  answered: { version: number; given: boolean } | null
}

/** Undefined where nothing was ever answered. */
export async function termsStanding(
  db: Knex,
  residentId: string,
): Promise<TermsStanding | undefined> {
  const { rows } = await db.raw<{ rows: (TermsStanding & { agreed: number | null })[] }>(
    `select greatest(
        (select template_version from resident_terms where resident_id = :residentId and template = 'id-terms'
          order by at, id limit 1),
        (select max(template_version) from resident_terms
          where resident_id = :residentId and kind = 'terms' and given)) as agreed,
      (select jsonb_build_object('version', template_version, 'given', given) from resident_terms
        where resident_id = :residentId and kind = 'terms' order by at desc, id desc limit 1) as answered`,
    { residentId },
  )
  const [row] = rows
  return row?.agreed ? row : undefined
}

/** The next residents, in the order of their ids, who were there before this moment and have confirmed their address. */
export async function openBefore(
  db: Knex,
  before: Date,
  { after, most }: { after: string | undefined; most: number },
): Promise<string[]> {
  return db('residents')
    .whereNull('closed_at')
    .whereNotNull('email_verified_at')
    .where('created_at', '<', before)
    .where('id', '>', after ?? '00000000-0000-0000-0000-000000000000')
    .orderBy('id')
    .limit(most)
    .pluck<string[]>('id')
}
