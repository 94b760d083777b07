/**
 * デモ – a city to try the product in.
 * Owns: the demo mark, its seed and pages. Does not own: anything real; production refuses a database so marked.
 */
import { demoMark, isDemo } from '../database/demo.ts'
import { atomically, type Env } from '../env.ts'
import * as notices from '../notices/actions.ts'
import type { KeptMail } from '../notices/model.ts'
import type { OperatorRole, StaffRole } from '../persons.ts'
import * as services from '../services/actions.ts'
import type { ServiceNow, ServiceStatus } from '../services/model.ts'
import { addressesOf, CLIENT_IDS, CLIENT_SECRETS, PRIVATE_JWKS } from './clients.ts'
import { CORPORATE_NUMBERS, yearAt } from './companies.ts'
import { OPERATORS, residentsOf, STAFF } from './people.ts'
import { portOf, seed } from './seed.ts'
import * as store from './store.ts'
import { demoTable, memberServiceOf } from './table.ts'

/**
 * Settles, at the first start, whether this database is a demo: an empty one outside production becomes one and is
 * seeded. Later starts only let the demo's addresses follow the port. Safe when several nodes start at once.
 *
 * @throws Error where a demo database meets NODE_ENV=production: nothing of it may stand beside real residents
 */
export async function prepare(env: Env): Promise<void> {
  await atomically(env, async (env) => {
    await store.lock(env.db)
    if ((await demoMark(env.db)) !== undefined) return
    if (env.config.production || !(await store.isEmpty(env.db)))
      await store.insertMark(env.db, false, env.now())
    else await seed(env)
  })
  await refuseInProduction(env)
  if (await isDemo(env)) await followPort(env)
}

/** @throws Error where a demo database meets NODE_ENV=production, whichever command it is */
export async function refuseInProduction({
  db,
  config,
}: Pick<Env, 'db' | 'config'>): Promise<void> {
  if (config.production && (await demoMark(db)))
    throw new Error(
      'This database holds demo data, which NODE_ENV=production refuses. Point DATABASE_URL at a new one.',
    )
}

/** Gives the demo's services new addresses where the issuer's port is another than at the last start. */
async function followPort(env: Env): Promise<void> {
  const anyPort = (uris: readonly string[]) => uris.map((uri) => uri.replace(/:\d+\//, '/')).join()
  for (const clientId of CLIENT_IDS) {
    const service = await services.byClientId(env, clientId)
    const wanted = addressesOf(clientId, portOf(env))
    const { redirectUris = [] } = service?.version ?? {}
    // Addresses that somebody changed by onboarding are left alone.
    if (!service || anyPort(redirectUris) !== anyPort(wanted.redirectUris)) continue
    if (redirectUris.join() !== wanted.redirectUris.join())
      await services.readdress(env, service, wanted)
  }
}

export { isDemo }

type DemoService = {
  serviceId: string
  name: string
  clientId: string
  clientSecret: string | null
  redirectUris: string[]
  /** Beside `user_id`, which is always part of a consent. */
  requiredItems: string[]
  optionalItems: string[]
  status: ServiceStatus
  privateJwk?: Record<string, string>
}

type Person = { email: string; password: string; totpSecret: string }

export type Demo = {
  issuer: string
  residents: { email: string; password: string }[]
  operators: (Person & { roles: OperatorRole[] })[]
  staff: (Person & { role: StaffRole; corporateNumber: string })[]
  services: DemoService[]
}

/** What `GET /dev/demo.json` answers. */
export async function describe(env: Env): Promise<Demo> {
  const signIn = ({ email, password, totpSecret }: Person): Person => ({
    email,
    password,
    totpSecret,
  })
  const known = await Promise.all(CLIENT_IDS.map((clientId) => services.byClientId(env, clientId)))
  return {
    issuer: env.config.issuer,
    residents: residentsOf(yearAt(env.now())).map(({ email, password }) => ({ email, password })),
    operators: OPERATORS.map((one) => ({ ...signIn(one), roles: one.roles })),
    staff: STAFF.map((one) => ({
      ...signIn(one),
      role: one.role,
      corporateNumber: CORPORATE_NUMBERS[one.company] ?? '',
    })),
    services: known.filter((service) => service !== undefined).map(describeService),
  }
}

function describeService({ service, version }: ServiceNow): DemoService {
  const items = version.items.filter(({ item }) => item !== 'user_id')
  const privateJwk = PRIVATE_JWKS[service.clientId]
  return {
    serviceId: service.id,
    name: version.names.ja,
    clientId: service.clientId,
    clientSecret: CLIENT_SECRETS[service.clientId] ?? null,
    redirectUris: version.redirectUris,
    requiredItems: items.filter(({ required }) => required).map(({ item }) => item),
    optionalItems: items.filter(({ required }) => !required).map(({ item }) => item),
    status: service.status,
    ...(privateJwk && { privateJwk }),
  }
}

/** The mails that would have been sent, newest first. */
export function mails(env: Env): Promise<KeptMail[]> {
  return notices.devMails(env)
}

type Played = ReturnType<typeof memberServiceOf>

/**
 * Starts the sample service on the port after the issuer's and prints the table of addresses and sign-ins.
 * An occupied port is a warning, not a fault.
 *
 * @param start of examples/member-service
 * @returns stops what was started
 */
export async function open(
  env: Env,
  say: (sentence: string) => void,
  start: (played: Played) => Promise<{ url: string; close: () => Promise<void> }>,
): Promise<() => Promise<void>> {
  const clientId = CLIENT_IDS[0]
  const played = memberServiceOf(env, clientId, CLIENT_SECRETS[clientId] ?? '')
  try {
    const service = await start(played)
    say(demoTable(env, service.url))
    return service.close
  } catch (error) {
    say(demoTable(env, undefined))
    const { code = 'unknown' } = error as { code?: string }
    say(
      `  見本のサービスは始まりませんでした。ポート${played.port}が使われています（${code}）。\n` +
        `  The sample service did not start: port ${played.port} is taken (${code}).\n`,
    )
    return async () => {}
  }
}
