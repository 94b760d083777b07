import { catalogue } from '../catalogue/actions.ts'
import * as contracts from '../contracts/actions.ts'
import { atomically, type Env } from '../env.ts'
import type { Fault } from '../input/faults.ts'
import { lookalikes, type Named, type NameRule } from '../input/lookalikes.ts'
import type { Resolve } from '../input/public_addresses.ts'
import * as members from '../members/actions.ts'
import type { Change } from '../members/model.ts'
import { Refusal } from '../refusal.ts'
import type { ServiceNow } from './model.ts'
import * as queries from './queries.ts'
import { receiverFaults } from './receivers.ts'
import { readFile, type Reading, type ReadingRule } from './reading.ts'
import type { RuleTerms } from './rules.ts'
import * as store from './store.ts'
import { rewrite, write, type WritingRule } from './writing.ts'

/** The service that is this OIDC client, of whatever status; `standing()` says whether it may sign anybody in. */
export function byClientId(env: Env, clientId: string): Promise<ServiceNow | undefined> {
  return queries.byClientId(env.db, clientId, env.now())
}

/** A service by its id; undefined also for text that is no id. */
export function byId(env: Env, serviceId: string): Promise<ServiceNow | undefined> {
  return queries.byId(env.db, serviceId, env.now())
}

/** A service as it stood in the versions that a consent or a showing names; its status is today's. */
export function atVersions(
  env: Env,
  versions: queries.VersionIds,
): Promise<ServiceNow | undefined> {
  return queries.atVersions(env.db, versions, env.now())
}

/** Every service, of whatever status, by member. Public pages show those that `isPublic` admits. */
export function list(env: Env): Promise<ServiceNow[]> {
  return queries.list(env.db, env.now())
}

/** The services of one company, of whatever status, and those of these ids whosever they are now. */
export function listOf(
  env: Env,
  memberId: string,
  ids: readonly string[] = [],
): Promise<ServiceNow[]> {
  return queries.listOf(env.db, { memberId, ids, at: env.now() })
}

export { previewOf, proposedBy } from './preview.ts'
export { tasks, tasksOf } from './waiting.ts'

export type OnboardingRule =
  ReadingRule | members.MemberRule | contracts.ContractRule | WritingRule | NameRule

export type Onboarded = {
  /** One entry per company, contract and service of the file, in its order. */
  changes: Change[]
  /** Made just now and kept nowhere but as a hash. */
  secrets: { clientId: string; name: string; secret: string }[]
}

type Found = { faults: Fault<OnboardingRule>[]; named: Named[] } & Onboarded

/**
 * Takes in an onboarding file (I-11, S-10, S-18…S-20): companies, their contracts and services, all or nothing.
 * The same file twice changes nothing; a changed one adds versions. What the file does not name stays as it is.
 *
 * @param text the file as it was handed in
 * @param terms `loopback`: http on loopback is accepted for web services (demo mode only, A3)
 * @param resolve how names are resolved, for tests
 * @throws Refusal invalid_input; `details.faults` names every fault by place and rule, and nothing is stored
 */
export function onboard(
  env: Env,
  text: string,
  { loopback }: Pick<RuleTerms, 'loopback'>,
  resolve?: Resolve,
): Promise<Onboarded> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    const { installation } = env.config
    const terms: RuleTerms = { catalogue: await catalogue(env), installation, loopback }
    const reading = readFile(text, { ...terms, templates: env.templates, at: env.now() })
    const found: Found = { faults: [...reading.faults], named: [], changes: [], secrets: [] }
    found.faults.push(...(await receiverFaults(env, clientsOf(reading.members), resolve)))
    for (const member of reading.members) await onboardMember(env, member, { terms, found })
    const known = [await members.names(env), await store.names(env.db)] as const
    found.faults.push(...lookalikes(found.named, ...known))
    if (found.faults.length) throw refusalOf(found.faults)
    return { changes: found.changes, secrets: found.secrets }
  })
}

const clientsOf = (members: Reading['members']) =>
  members.flatMap(({ entry, path }) =>
    entry.services.map(({ client }, n) => ({ client, path: `${path}/services/${n}/client` })),
  )

/** Gives a service other addresses to lead back to, as a new version; everything else stays. */
export function readdress(
  env: Env,
  service: ServiceNow,
  addresses: Pick<
    ServiceNow['version'],
    'redirectUris' | 'postLogoutRedirectUris' | 'eventsUri' | 'backchannelLogoutUri'
  >,
): Promise<void> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    const now = await byId(env, service.service.id)
    if (!now) throw new Refusal('not_found')
    await rewrite(env, now, addresses)
  })
}

function refusalOf(faults: Fault<OnboardingRule>[]): Refusal {
  const fields = Object.fromEntries(faults.map(({ path, rule }) => [path, rule]))
  return new Refusal('invalid_input', { fields, faults })
}

async function onboardMember(
  env: Env,
  { entry, path }: Reading['members'][number],
  { terms, found }: { terms: RuleTerms; found: Found },
): Promise<void> {
  const { contracts: asked, services, ...itself } = entry
  const member = await members.onboard(env, itself, path)
  found.changes.push(member.change)
  found.faults.push(...member.faults)
  if (member.faults.length) return
  const memberId = member.id
  found.named.push({ kind: 'member', id: memberId, memberId, path, names: itself.names })
  const contractIds = new Map<string, string>()
  for (const [n, one] of asked.entries()) {
    const place = { memberId, path: `${path}/contracts/${n}` }
    const contract = await contracts.onboard(env, one, place)
    found.changes.push(contract.change)
    found.faults.push(...contract.faults)
    if (!contract.faults.length) contractIds.set(one.number, contract.id)
  }
  found.faults.push(...(await contracts.termFaults(env, { memberId, path: `${path}/contracts` })))
  for (const [n, one] of services.entries()) {
    const contractId = contractIds.get(one.contract)
    if (!contractId) continue
    const { corporateNumber } = itself
    const place = { memberId, corporateNumber, contractId, path: `${path}/services/${n}` }
    const service = await write(env, one, { ...place, catalogue: terms.catalogue })
    const { clientId, change, secret } = service
    found.changes.push(change)
    found.faults.push(...service.faults)
    found.named.push({ ...place, kind: 'service', id: service.id, names: one.names })
    if (secret) found.secrets.push({ clientId, name: change.name, secret })
  }
}
