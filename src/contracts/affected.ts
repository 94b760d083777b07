/** Who is touched when a contract changes: services, residents, items that stop being given (A3). */
import type { Env } from '../env.ts'
import { endOfDay, startOfDay } from '../input/days.ts'
import { permits, turnOf, type Flow } from './model.ts'
import * as queries from './queries.ts'
import type { ContractAsked } from './schema.ts'
import { flowsOf } from './writing.ts'

/** What an approval would do to those who stand on the contract now (A3). */
export type Affected = {
  services: {
    id: string
    names: { ja: string; en: string }
    status: string
    residents: number
    /** Items it is given now and would not be given any more. */
    lost: string[]
    /** Items that were approved for it and are above the ceiling already: they are simply not released. */
    over: string[]
  }[]
  /** Different residents over all of them. */
  residents: number
}

/**
 * Services on a contract with the items that are above its ceiling now, and those that would be under `asked`.
 *
 * @param asked absent: as it stands
 */
export async function affected(
  env: Env,
  contractId: string,
  asked?: ContractAsked,
): Promise<Affected> {
  const at = env.now()
  const contract = await queries.byId(env.db, contractId)
  if (!contract) return { services: [], residents: 0 }
  const now = ceilingOf(turnOf(contract, at), at)
  // A version that begins later takes nothing away today.
  const rules = asked && startOfDay(asked.from) <= at
  const next = rules && { ...termOf(asked), flows: flowsOf(asked) }
  const then = next ? ceilingOf(next, at) : now
  const services = await queries.services(env.db, contractId, at)
  return {
    services: services.map(({ items, ...service }) => {
      const over = items.filter((item) => !now(item)).map(({ item }) => item)
      const lost = items.filter((item) => now(item) && !then(item)).map(({ item }) => item)
      return { ...service, over, lost }
    }),
    residents: await queries.residentsInForce(env.db, at, [contractId]),
  }
}

const termOf = ({ from, to }: ContractAsked) => ({
  startsAt: startOfDay(from),
  endsAt: endOfDay(to),
})

type Within = (item: { item: string; purposes: string[] }) => boolean

function ceilingOf(
  version: { startsAt: Date; endsAt: Date; flows: readonly Flow[] },
  at: Date,
): Within {
  const inTerm = version.startsAt <= at && at < version.endsAt
  return (item) => inTerm && permits(version.flows, item, at)
}
