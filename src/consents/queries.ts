import type { Knex } from 'knex'
import { named } from '../database/named.ts'
import type { Terms } from '../residents/model.ts'
import type { Standing } from './model.ts'
import { standingFromRow } from './store.ts'

export type StandingFacts = {
  standing: Standing
  /** The resident's shared user ID. */
  userId: string
  provision: Terms | undefined
  sessionLive: boolean | undefined
}

const FACTS = {
  name: 'consents_facts',
  text: `select to_jsonb(a.*) as agreement, c.*, r.user_id, t.given as term_given, t.at as term_at,
      case when $2::text is null then null else (s.session_uid is not null and s.ended_at is null) end as session_live
    from agreements a
    join residents r on r.id = a.resident_id and r.closed_at is null
    join lateral (select * from consents c where c.agreement_id = a.id order by version desc limit 1) c on true
    left join lateral (select given, at from resident_terms t
      where t.resident_id = a.resident_id and t.kind = 'provision' order by t.at desc, t.id limit 1) t on true
    left join sign_ins s on s.session_uid = $2::text and s.resident_id = a.resident_id
    where a.id = $1`,
}

type Row = Parameters<typeof standingFromRow>[0] & {
  user_id: string
  term_given: boolean | null
  term_at: Date | null
  session_live: boolean | null
}

/** What the release decision needs to know about one agreement and, where given, the browser session of the credential. */
export async function factsOf(
  db: Knex,
  agreementId: string,
  sessionUid: string | null,
): Promise<StandingFacts | undefined> {
  const { rows } = await named<Row>(db, FACTS, [agreementId, sessionUid])
  const row = rows[0]
  if (!row) return undefined
  return {
    standing: standingFromRow(row),
    userId: row.user_id,
    provision: row.term_at ? { given: row.term_given === true, at: row.term_at } : undefined,
    sessionLive: row.session_live ?? undefined,
  }
}
