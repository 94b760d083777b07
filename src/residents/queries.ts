import type { Knex } from 'knex'

/** When each item was last changed by the resident; items never changed since sign-up are absent. */
export async function lastChanges(db: Knex, residentId: string): Promise<Map<string, Date>> {
  const rows = await db('resident_changes')
    .where('resident_id', residentId)
    .groupBy('what')
    .select('what')
    .max({ at: 'at' })
  return new Map((rows as { what: string; at: Date }[]).map(({ what, at }) => [what, at]))
}

/** A browser that is signed in, for the list on /account/security (G6). */
export type Device = { sessionUid: string; device: string; signedInAt: Date; lastSeenAt: Date }

/** Signed-in browsers, last seen first. Those idle or too old for their session are left out. */
export async function devices(
  db: Knex,
  residentId: string,
  since: { signedIn: Date; seen: Date },
): Promise<Device[]> {
  const rows = await db('sign_ins')
    .where('resident_id', residentId)
    .whereNull('ended_at')
    .where('signed_in_at', '>', since.signedIn)
    .where('last_seen_at', '>', since.seen)
    .orderBy('last_seen_at', 'desc')
    .select<{ session_uid: string; device: string; signed_in_at: Date; last_seen_at: Date }[]>(
      'session_uid',
      'device',
      'signed_in_at',
      'last_seen_at',
    )
  return rows.map((row) => ({
    sessionUid: row.session_uid,
    device: row.device,
    signedInAt: row.signed_in_at,
    lastSeenAt: row.last_seen_at,
  }))
}
