/** What a resident is shown of the messages about them: that the company was told, or not yet; never the event itself. */
import type { Env } from '../env.ts'
import * as services from '../services/actions.ts'
import { ofResident } from './delivery_store.ts'
import { channelOf, mayHear, type Delivery, type EventName } from './model.ts'
import { stream } from './store.ts'

/** `collect`: the company has to come for it. */
type ToldState = 'delivered' | 'waiting' | 'collect' | 'dead'

export type Told = {
  /** How the service takes events now; undefined: it takes none. */
  takes: 'push' | 'poll' | undefined
  /** Newest first. */
  messages: { type: EventName; at: Date; state: ToldState; deliveredAt: Date | null }[]
}

const NEWEST = 20

/** What one company was told, or is to be told, of a resident. */
export async function toldOf(env: Env, residentId: string, serviceId: string): Promise<Told> {
  const service = await services.byId(env, serviceId)
  const takes =
    service && mayHear(service) ? channelOf(service, await stream(env.db, serviceId)) : undefined
  const all = await ofResident(env.db, residentId, serviceId, NEWEST)
  return {
    takes,
    messages: all
      // A sign-out is told twice over, by the older protocol and the newer: one line is enough.
      .filter(({ type }) => type !== 'session-revoked' || !all.some((one) => one.type === 'logout'))
      .map((one) => ({
        type: one.type,
        at: one.createdAt,
        state: stateOf(one),
        deliveredAt: one.deliveredAt,
      })),
  }
}

function stateOf({ state, channel }: Delivery): ToldState {
  if (state !== 'waiting') return state
  return channel === 'poll' ? 'collect' : 'waiting'
}
