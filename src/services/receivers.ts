/** Whether where services want to be called lies in the open: names are looked up when they are registered (L8). */
import type { Env } from '../env.ts'
import { leadsInside, outboundRules } from '../http/outbound.ts'
import type { Resolve } from '../input/public_addresses.ts'
import type { ServiceAsked } from './schema.ts'

type Asked = { client: ServiceAsked['client']; path: string }
type ReceiverFault = { path: string; rule: 'address_leads_inside' }

/**
 * The receiving addresses any of whose IP addresses is not public. A name that is not known yet passes: it may be set up
 * after the service is, and every call looks anew (http/outbound.ts).
 *
 * @param asked clients, and where each stands
 * @param resolve how names are resolved, for tests
 */
export async function receiverFaults(
  env: Env,
  asked: readonly Asked[],
  resolve?: Resolve,
): Promise<ReceiverFault[]> {
  const rules = await outboundRules(env)
  const named = asked.flatMap(({ client, path }) =>
    (['backchannelLogoutUri', 'eventsUri'] as const).map((field) => ({
      address: client[field],
      path: `${path}/${field}`,
    })),
  )
  const found = await Promise.all(
    named.map(async ({ address, path }) => {
      const leads = address !== undefined && (await leadsInside(address, rules, resolve))
      return leads ? [{ path, rule: 'address_leads_inside' as const }] : []
    }),
  )
  return found.flat()
}
