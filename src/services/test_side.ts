/**
 * 試験: a second client of a service, made by the company alone and without review. Nobody but its test persons can sign
 * in to it (`mayMeet`), it may lead back to this computer (A3), and it is on no list and in no count.
 */
import * as audit from '../audit/actions.ts'
import { catalogue } from '../catalogue/actions.ts'
import { atomically, type Env } from '../env.ts'
import * as members from '../members/actions.ts'
import type { Author } from './drafts.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import { byId } from './actions.ts'
import { contractOf, ruleTerms, wholeFaults } from './draft_rules.ts'
import type { ServiceDraft } from './draft_schema.ts'
import * as drafts from './drafts.ts'
import { clientIdOf, keptOf, type Client } from './kept.ts'
import { issueSecret } from './keys.ts'
import type { Service, ServiceNow } from './model.ts'
import { redirectFault } from './redirects.ts'
import * as store from './store.ts'
import * as tests from './test_side_store.ts'
import { versionHash } from './writing.ts'

export type TestAsked = {
  serviceId: string
  redirectUris: string[]
  authMethod: Service['authMethod']
}

/** The test side of a service; undefined where none was made. */
export async function testOf(
  env: Env,
  serviceId: string,
  memberId: string,
): Promise<ServiceNow | undefined> {
  const id = await tests.held(env.db, serviceId, memberId)
  return id === undefined ? undefined : byId(env, id)
}

/**
 * Makes the test side, or a new version of it: items and texts as they stand in the draft, else in what is in force.
 *
 * @returns the secret of a test side that has none yet: shown once
 * @throws Refusal invalid_input at `redirect_uris` (with `line`), `auth_method` or `test`; not_found
 */
export function saveTest(
  env: Env,
  asked: TestAsked,
  by: Author,
): Promise<{ clientId: string; secret: string | undefined }> {
  const { memberId } = by
  return atomically(env, async (env) => {
    const mine = await drafts.mine(env, asked.serviceId, memberId)
    const draft = mine.asked as ServiceDraft
    await refuseUnwritten(env, mine, memberId)
    await refuseAddresses(env, asked)
    const contract = await contractOf(env, draft.contract, memberId)
    if (!contract) throw new Refusal('invalid_input', { fields: { test: 'contract_unknown' } })
    const kept = keptOf(
      { ...draft, client: clientAsked(asked, draft) },
      {
        catalogue: await catalogue(env),
        contractId: contract.id,
        known: undefined,
        secret: env.newSecret(),
      },
    )
    const known = await tests.held(env.db, asked.serviceId, memberId)
    const now = known === undefined ? undefined : await byId(env, known)
    const id = now?.service.id ?? env.newId()
    const clientId = now?.service.clientId ?? (await testClientId(env, memberId, draft.key))
    if (now) await store.updateClient(env.db, id, sameSecret(kept.client, now.service))
    else {
      const row = { id, memberId, clientId, testOf: asked.serviceId, at: env.now() }
      await tests.insert(env.db, { ...kept.client, ...row })
    }
    await addVersion(env, { id, before: now, kept, by })
    const needs = asked.authMethod === 'client_secret_basic' && !now?.service.secretHash
    return { clientId, secret: needs ? (await issueSecret(env, id, by)).secret : undefined }
  })
}

/** A changed address is no reason for another secret. */
function sameSecret(client: Client, known: Service): Client {
  const keeps = client.authMethod === 'client_secret_basic' && known.secretHash
  return keeps ? { ...client, secretHash: known.secretHash } : client
}

async function testClientId(env: Env, memberId: string, key: string): Promise<string> {
  const member = await members.byId(env, memberId)
  if (!member) throw new Refusal('not_found')
  return `test-${clientIdOf(member.corporateNumber, key)}`
}

/** The connection of a draft may be unwritten; everything a consent screen shows may not. */
async function refuseUnwritten(env: Env, mine: drafts.Mine, memberId: string): Promise<void> {
  const owner = { memberId, serviceId: mine.serviceId }
  const shown = /^\/(names|descriptions|contact|retention|termsUrl|policyUrl|items|contract)(\/|$)/
  const missing = (await wholeFaults(env, mine.asked, owner)).filter(({ path }) => shown.test(path))
  if (missing.length) throw new Refusal('invalid_input', { fields: { test: 'test_needs' } })
}

async function refuseAddresses(env: Env, { redirectUris, authMethod }: TestAsked): Promise<void> {
  const { loopback } = await ruleTerms(env, true)
  const native = authMethod === 'none'
  const faults = redirectUris.map((uri) => redirectFault(uri, { native, loopback }))
  const wrong = faults.findIndex(Boolean)
  const rule =
    redirectUris.length === 0 ? 'required' : redirectUris.length > 20 ? 'too_long' : faults[wrong]
  if (rule) throw new Refusal('invalid_input', { fields: { redirect_uris: rule }, line: wrong + 1 })
}

function clientAsked(
  { redirectUris, authMethod }: TestAsked,
  draft: ServiceDraft,
): ServiceDraft['client'] {
  const jwks = draft.client?.jwks
  if (authMethod === 'private_key_jwt' && !jwks)
    throw new Refusal('invalid_input', { fields: { auth_method: 'jwks_needed' } })
  return {
    applicationType: authMethod === 'none' ? 'native' : 'web',
    authMethod,
    redirectUris,
    postLogoutRedirectUris: [],
    landingOrigins: [],
    idTokenAlg: draft.client?.idTokenAlg ?? 'ES256',
    ...(authMethod === 'private_key_jwt' && jwks && { jwks }),
  }
}

async function addVersion(
  env: Env,
  written: {
    id: string
    before: ServiceNow | undefined
    kept: ReturnType<typeof keptOf>
    by: Author
  },
): Promise<void> {
  const { id, before, kept, by } = written
  const hash = versionHash(kept.body, kept.items)
  const version = (before?.version.version ?? 0) + 1
  const row = { id: env.newId(), serviceId: id, version, body: kept.body, items: kept.items, hash }
  await store.insertVersion(env.db, { ...row, at: env.now() })
  await audit.record(env, {
    actor: { kind: 'staff', id: by.id },
    act: 'services.save_test',
    object: { kind: 'service', id },
    details: { member: by.memberId, version, after: hash.toString('hex') },
  })
}

/** A new secret for the test side. @throws Refusal not_found, wrong_state */
export function issueTestSecret(env: Env, serviceId: string, by: Author) {
  return atomically(env, async (env) => {
    await drafts.mine(env, serviceId, by.memberId)
    const id = await tests.held(env.db, serviceId, by.memberId)
    if (id === undefined) throw new Refusal('not_found')
    return issueSecret(env, id, by)
  })
}

/** @throws Refusal wrong_state where the company has as many as it may */
export function makePerson(env: Env, by: Author) {
  return atomically(env, async (env) => {
    const made = await residents.makeTestPerson(env, by.memberId)
    await note(env, 'residents.make_test_person', made.id, by)
    return made
  })
}

/** @throws Refusal not_found */
export function endPerson(env: Env, id: string, by: Author): Promise<void> {
  return atomically(env, async (env) => {
    await residents.endTestPerson(env, id, by.memberId)
    await note(env, 'residents.end_test_person', id, by)
  })
}

function note(env: Env, act: string, id: string, by: Author): Promise<void> {
  return audit.record(env, {
    actor: { kind: 'staff', id: by.id },
    act,
    object: { kind: 'resident', id },
    details: { member: by.memberId },
  })
}
