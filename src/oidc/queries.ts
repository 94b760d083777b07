import type { Knex } from 'knex'
import { named } from '../database/named.ts'
import type { Payload } from './store.ts'

const SELECT = `select s.payload from oidc_sessions s left join sign_ins i on i.session_uid = s.uid`
const LIVE = `(s.account_id is null or (i.session_uid is not null and i.ended_at is null and s.login_ts > $2))`
const BY_ID = { name: 'oidc_session_by_id', text: `${SELECT} where s.id_hash = $1 and ${LIVE}` }
const BY_UID = {
  name: 'oidc_session_by_uid',
  text: `${SELECT} where s.uid = $1 and ${LIVE} order by s.saved_at desc limit 1`,
}

/**
 * A session, unless its sign-in is unknown, was ended (sign-out, password change, device end) or is older than the absolute
 * limit (G3): then it is as if it did not exist, for /account and for every service alike.
 *
 * @param oldest Unix seconds before which no sign-in counts
 */
export async function session(
  db: Knex,
  key: { idHash: Buffer } | { uid: string },
  oldest: number,
): Promise<Payload | undefined> {
  const result =
    'idHash' in key
      ? await named<{ payload: Payload }>(db, BY_ID, [key.idHash, oldest])
      : await named<{ payload: Payload }>(db, BY_UID, [key.uid, oldest])
  return result.rows[0]?.payload
}
