/** The Grant API: what a service may know of its own grants, and that it can end them and no others (ADR 18). */
import { createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as client from 'openid-client'
import pg from 'pg'
import * as ledger from '../../src/ledger/actions.ts'
import { rowsOf } from '../../src/ledger/reading.ts'
import { verify } from '../../src/ledger/verify.ts'
import { Browser } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { relyingParty, type RelyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { ALL, pause, tally, userinfo, withdraw } from '../oidc/steps.ts'
import { keyPair } from './steps.ts'

const QUERY = 'grant_management_query'
const REVOKE = 'grant_management_revoke'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

type Unlinkable = {
  service: MadeService
  party: RelyingParty
  /** A token of the service itself. */
  token: (scope?: string) => Promise<string>
  ask: (grantId: string, method?: string, token?: string) => Promise<Response>
}

/** A service that signs with a key of its own, as an off-the-shelf client sees it. */
async function makeUnlinkable(asked: Parameters<typeof makeService>[1] = {}): Promise<Unlinkable> {
  const { jwks, kid, key } = await keyPair()
  const jwk = JSON.parse(jwks) as object
  const service = await makeService(site.env, {
    authMethod: 'private_key_jwt',
    jwks: jwk,
    ...asked,
  })
  const byKey = (asked.authMethod ?? 'private_key_jwt') === 'private_key_jwt'
  const party = await relyingParty(site.issuer, service, byKey ? { key: { key, kid } } : {})
  const token = async (scope = `${QUERY} ${REVOKE}`) =>
    (await client.clientCredentialsGrant(party.config, { scope })).access_token
  const ask = async (grantId: string, method = 'GET', given?: string) =>
    fetch(`${endpoint(party)}/${grantId}`, {
      method,
      headers: { authorization: `Bearer ${given ?? (await token())}` },
    })
  return { service, party, token, ask }
}

const endpoint = ({ config }: RelyingParty) =>
  config.serverMetadata()['grant_management_endpoint'] as string

async function link(one: Unlinkable, resident: MadeResident, picked: string[] = []) {
  const browser = new Browser(site.issuer)
  const person = { email: resident.email, password: PASSWORD }
  const scope = `${ALL} offline_access`
  const tokens = await one.party.signIn(browser, person, scope, picked, { prompt: 'consent' })
  return { browser, tokens, grantId: tokens['grant_id'] as string }
}

const problem = async (answer: Response) => [answer.status, await answer.json()] as const
const UNKNOWN = '00000000-0000-4000-8000-000000000000'

describe('a service and its own grant', () => {
  test('finds the endpoint in the metadata, and the id with its tokens', async () => {
    const one = await makeUnlinkable()
    const { grantId, tokens } = await link(one, await makeResident(site.env))
    expect(one.party.config.serverMetadata()).toMatchObject({
      grant_management_actions_supported: ['query', 'revoke'],
      grant_management_action_required: false,
    })
    expect(grantId).toMatch(/^[0-9a-f-]{36}$/)
    const again = await one.party.refresh(String(tokens.refresh_token))
    expect(again['grant_id']).toBe(grantId)
  })

  test('reads what was agreed and when it was last provided, and no value', async () => {
    const one = await makeUnlinkable({ subjectType: 'pairwise' })
    const resident = await makeResident(site.env)
    const { grantId, tokens } = await link(one, resident, ['sex'])
    const sub = tokens.claims()?.sub ?? ''
    const before = (await (await one.ask(grantId)).json()) as Record<string, unknown>
    expect(before).toMatchObject({ grant_id: grantId, sub })
    // What was declined, and in which language it was read, is nothing that was agreed (F11, K6).
    expect(before).not.toHaveProperty('declined')
    expect(Object.keys(before['template'] as object)).toEqual(['id', 'version'])
    expect(before['items']).toMatchObject([
      { item: 'user_id', required: true },
      { item: 'name', required: true, last_provided_at: null },
      { item: 'email', required: true, last_provided_at: null },
      { item: 'sex', required: false, last_provided_at: null },
    ])
    await one.party.userinfo(tokens.access_token, sub)
    const answer = await one.ask(grantId)
    const text = await answer.text()
    const { items } = JSON.parse(text) as { items: { item: string; last_provided_at: string }[] }
    expect(
      Date.parse(items.find(({ item }) => item === 'sex')?.last_provided_at ?? ''),
    ).not.toBeNaN()
    for (const value of ['山田', '花子', resident.email, resident.userId]) {
      expect(text).not.toContain(value)
    }
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('ends it: withdrawn here, said by whom, and nothing leaves any more', async () => {
    const one = await makeUnlinkable()
    const resident = await makeResident(site.env)
    const { grantId, tokens, browser } = await link(one, resident)
    expect((await userinfo(site, tokens.access_token)).status).toBe(200)
    const answer = await one.ask(grantId, 'DELETE')
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    expect((await userinfo(site, tokens.access_token)).status).toBe(401)
    await expect(one.party.refresh(String(tokens.refresh_token))).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    const row = await site.env
      .db('consents')
      .where({ agreement_id: grantId })
      .orderBy('version', 'desc')
      .first<{ id: string; kind: string; acted_by: string; canonical: string }>()
    expect([row?.kind, row?.acted_by]).toEqual(['withdrawn', 'service'])
    expect(JSON.parse(row?.canonical ?? '')).toMatchObject({
      event: 'withdrawn',
      acted_by: 'service',
    })
    const audited = await site.env
      .db('audit_events')
      .where({ act: 'consents.withdrawn', object_id: grantId })
      .select('actor_kind', 'actor_id')
    expect(audited).toEqual([{ actor_kind: 'service', actor_id: one.service.id }])
    const page = await browser.open(`/account/services/${one.service.id}`)
    expect(page.text).toContain('撤回済み')
  })

  test('the resident’s own withdrawal says nothing of a service', async () => {
    const one = await makeUnlinkable()
    const { grantId, browser } = await link(one, await makeResident(site.env))
    await withdraw(browser, one.service)
    const row = await site.env
      .db('consents')
      .where({ agreement_id: grantId, kind: 'withdrawn' })
      .first<{ acted_by: string | null; canonical: string }>()
    expect(row?.acted_by).toBeNull()
    expect(JSON.parse(row?.canonical ?? '')).not.toHaveProperty('acted_by')
  })

  test('names a resident as it knows them, whatever kind of ID the contract has turned to since', async () => {
    const one = await makeUnlinkable({ subjectType: 'pairwise' })
    const resident = await makeResident(site.env)
    const { grantId, tokens } = await link(one, resident)
    const sub = tokens.claims()?.sub ?? ''
    await makeContractVersion(site.env, one.service.contractId, 2, { subjectType: 'public' })
    const told = (await (await one.ask(grantId)).json()) as { sub: string }
    expect([told.sub, sub === resident.userId]).toEqual([sub, false])
  })

  test('what is paused can be ended, and is not read', async () => {
    const one = await makeUnlinkable()
    const { grantId, browser } = await link(one, await makeResident(site.env))
    await pause(browser, one.service)
    expect((await one.ask(grantId)).status).toBe(404)
    expect((await one.ask(grantId, 'DELETE')).status).toBe(204)
    const kinds = await site.env
      .db('consents')
      .where({ agreement_id: grantId })
      .orderBy('version')
      .pluck('kind')
    expect(kinds).toEqual(['given', 'paused', 'withdrawn'])
  })

  test('an old id never ends what was agreed anew', async () => {
    const one = await makeUnlinkable()
    const resident = await makeResident(site.env)
    const first = await link(one, resident)
    await withdraw(first.browser, one.service)
    const second = await link(one, resident)
    expect(second.grantId).not.toBe(first.grantId)
    expect((await one.ask(first.grantId, 'DELETE')).status).toBe(204)
    expect((await one.ask(second.grantId)).status).toBe(200)
  })
})

describe('whose grant it is', () => {
  test('another service’s, an ended one, an unknown one: one and the same 404', async () => {
    const [one, two] = [await makeUnlinkable(), await makeUnlinkable()]
    const resident = await makeResident(site.env)
    const mine = await link(one, resident)
    const theirs = await link(two, resident)
    const gone = await link(one, await makeResident(site.env))
    await one.ask(gone.grantId, 'DELETE')
    const unknown = await problem(await one.ask(UNKNOWN))
    expect(unknown).toMatchObject([404, { type: 'not_found', status: 404 }])
    for (const id of [theirs.grantId, gone.grantId, 'x', `${mine.grantId}x`])
      expect(await problem(await one.ask(id))).toEqual(unknown)
    for (const id of [theirs.grantId, UNKNOWN, 'x'])
      expect(await problem(await one.ask(id, 'DELETE'))).toEqual(unknown)
    for (const { tokens } of [mine, theirs])
      expect((await userinfo(site, tokens.access_token)).status).toBe(200)
  })

  test('nor does a service see that of another service of its own company', async () => {
    const [one, sibling] = [await makeUnlinkable(), await makeUnlinkable()]
    const { memberId: member_id, contractId: contract_id } = one.service
    await site.env
      .db('services')
      .where({ id: sibling.service.id })
      .update({ member_id, contract_id })
    const { grantId, tokens } = await link(one, await makeResident(site.env))
    expect((await sibling.ask(grantId)).status).toBe(404)
    expect((await sibling.ask(grantId, 'DELETE')).status).toBe(404)
    expect((await userinfo(site, tokens.access_token)).status).toBe(200)
  })

  test('a closed account’s is unknown', async () => {
    const one = await makeUnlinkable()
    const resident = await makeResident(site.env)
    const { grantId } = await link(one, resident)
    await site.env.db('residents').where({ id: resident.id }).update({ closed_at: new Date() })
    expect((await one.ask(grantId)).status).toBe(404)
    expect((await one.ask(grantId, 'DELETE')).status).toBe(404)
  })
})

describe('who may ask', () => {
  test('a token does what its scope says', async () => {
    const one = await makeUnlinkable()
    const { grantId } = await link(one, await makeResident(site.env))
    const [query, revoke] = [await one.token(QUERY), await one.token(REVOKE)]
    expect((await one.ask(grantId, 'DELETE', query)).status).toBe(403)
    expect((await one.ask(grantId, 'GET', revoke)).status).toBe(403)
    expect((await one.ask(grantId, 'GET', query)).status).toBe(200)
  })

  test('a resident’s token opens nothing here, and no resident is asked for these scopes', async () => {
    const one = await makeUnlinkable()
    const { grantId, tokens } = await link(one, await makeResident(site.env))
    expect((await one.ask(grantId, 'GET', tokens.access_token)).status).toBe(401)
    const attempt = await one.party.begin(`openid ${QUERY}`)
    const page = await new Browser(site.issuer).open(attempt.url.toString())
    expect(page.headers.get('location')).toContain('error=invalid_scope')
  })

  test('a service with a secret may, an app without either may not', async () => {
    const secret = await makeUnlinkable({ authMethod: 'client_secret_basic' })
    const { grantId } = await link(secret, await makeResident(site.env))
    expect((await secret.ask(grantId)).status).toBe(200)
    const bare = await makeService(site.env, { authMethod: 'none' })
    const { config } = await relyingParty(site.issuer, bare, { publicClient: true })
    await expect(client.clientCredentialsGrant(config, { scope: QUERY })).rejects.toMatchObject({
      error: 'invalid_request',
    })
  })

  test('a token bound to its sender is worth nothing to others', async () => {
    const one = await makeUnlinkable()
    const { grantId } = await link(one, await makeResident(site.env))
    const DPoP = client.getDPoPHandle(one.party.config, await client.randomDPoPKeyPair('ES256'))
    const { access_token: token } = await client.clientCredentialsGrant(
      one.party.config,
      { scope: QUERY },
      { DPoP },
    )
    const url = new URL(`${endpoint(one.party)}/${grantId}`)
    const none = [undefined, undefined] as const
    const answer = await client.fetchProtectedResource(
      one.party.config,
      token,
      url,
      'GET',
      ...none,
      { DPoP },
    )
    expect(answer.status).toBe(200)
    expect((await one.ask(grantId, 'GET', token)).status).toBe(401)
  })

  test.each(['suspended', 'ended'])('a service that is %s is nobody, at once', async (status) => {
    const one = await makeUnlinkable()
    const { grantId } = await link(one, await makeResident(site.env))
    const token = await one.token()
    await site.env.db('services').where({ id: one.service.id }).update({ status })
    expect((await one.ask(grantId, 'GET', token)).status).toBe(401)
    expect((await one.ask(grantId, 'DELETE', token)).status).toBe(401)
    await expect(one.token()).rejects.toMatchObject({ error: 'invalid_client' })
  })
})

describe('at the same moment', () => {
  test('50 DELETEs are one withdrawal', async () => {
    const one = await makeUnlinkable()
    const { grantId } = await link(one, await makeResident(site.env))
    const token = await one.token()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => one.ask(grantId, 'DELETE', token)),
    )
    expect(tally(answers)).toEqual({ 204: 50 })
    const withdrawn = await site.env
      .db('consents')
      .where({ agreement_id: grantId, kind: 'withdrawn' })
    expect(withdrawn).toHaveLength(1)
  })

  test('what leaves while it ends is recorded, and nothing leaves after', async () => {
    const one = await makeUnlinkable()
    const { grantId, tokens } = await link(one, await makeResident(site.env))
    const token = await one.token()
    const before = await recorded(grantId)
    const asks = Array.from({ length: 16 }, (_, n) =>
      n === 8 ? one.ask(grantId, 'DELETE', token) : userinfo(site, tokens.access_token),
    )
    const given = (await Promise.all(asks)).filter(({ status }) => status === 200).length
    expect((await recorded(grantId)) - before).toBe(given)
    expect((await userinfo(site, tokens.access_token)).status).toBe(401)
    const last = await site.env
      .db('provision_records as p')
      .join('consents as c', 'c.agreement_id', 'p.agreement_id')
      .where({ 'p.agreement_id': grantId, 'c.kind': 'withdrawn' })
      .whereRaw('p.consent_id = c.id')
    expect(last).toEqual([])
  })
})

const recorded = async (agreement: string) =>
  (await site.env.db('provision_records').where({ agreement_id: agreement, path: 'userinfo' }))
    .length

test('the ledger with such withdrawals verifies, and shows who the record says it was', async () => {
  do await ledger.sequence(site.env)
  while ((await site.env.db('ledger_pending').first()) !== undefined)
  const jwk = ledger.publicKeys(site.env).keys[0]
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  const db = new pg.Client({ connectionString: site.ownerUrl, options: '-c timezone=UTC' })
  await db.connect()
  try {
    await db.query('begin isolation level repeatable read')
    expect((await verify(rowsOf(db), key, [])).ok).toBe(true)
    await db.query('set local session_replication_role = replica')
    await db.query(`update consents set acted_by = null where acted_by is not null`)
    const { trees } = await verify(rowsOf(db), key, [])
    expect(trees.find(({ tree }) => tree === 'provisions')?.faults[0]?.why).toBe('column_differs')
  } finally {
    await db.query('rollback')
    await db.end()
  }
})
