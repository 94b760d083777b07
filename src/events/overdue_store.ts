/** What waited too long for somebody else to act is dead: shown on the desks, and can be sent again. */
import type { Knex } from 'knex'
import { held } from './delivery_store.ts'

const BATCH = 5000

/** What nobody came for since a moment, in which the service might have come, is dead. @returns how many */
export async function giveUpPolls(
  db: Knex,
  { before, at }: { before: Date; at: Date },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update event_messages set state = 'dead', settled_at = :at, last_error = 'not_collected'
     where id in (select m.id from event_messages m
       join services s on s.id = m.service_id join members mb on mb.id = s.member_id
       where m.state = 'waiting' and m.channel = 'poll' and m.tries_from <= :before
         and not ${held(':at::timestamptz')} and coalesce(greatest(s.returned_at, mb.returned_at) <= :before, true)
       order by m.seq limit ${BATCH} for update of m skip locked)`,
    { before, at },
  )
  return rowCount
}

/** What is held for suspended services since before a moment is dead. @returns how many */
export async function giveUpHeld(
  db: Knex,
  { before, at }: { before: Date; at: Date },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `update event_messages set state = 'dead', settled_at = :at, leased_until = null, last_error = 'not_receiving'
     where id in (select m.id from event_messages m
       join services s on s.id = m.service_id join members mb on mb.id = s.member_id
       where m.state = 'waiting' and m.tries_from <= :before and ${held(':at::timestamptz')}
       order by m.seq limit ${BATCH} for update of m skip locked)`,
    { before, at },
  )
  return rowCount
}
