/** Keys and secrets: shown once, changed with a fresh second factor, and at once in force (C1, C5, J6). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import { Browser } from '../support/browser.ts'
import { makeService, type MadeService } from '../support/builders.ts'
import { makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let signing: MadeService
let secretive: MadeService

beforeAll(async () => {
  site = await openSite()
  signing = await makeService(site.env, {
    authMethod: 'private_key_jwt',
    jwks: { keys: [await key('old')] },
  })
  secretive = await makeService(site.env)
})
afterAll(() => site.close())

async function key(kid: string, alg = 'ES256') {
  const { publicKey } = await generateKeyPair(alg)
  return { ...(await exportJWK(publicKey)), kid, alg }
}

async function as(
  service: MadeService,
  role: 'manager' | 'developer' = 'manager',
): Promise<{ browser: Browser; who: SignedInPerson }> {
  const browser = new Browser(site.issuer)
  const who = await makeStaff(site.env, service.memberId, role)
  signIn(browser, who)
  return { browser, who }
}

const keysOf = async (service: MadeService) =>
  (await site.env.db('services').where({ id: service.id }).first('jwks')).jwks.keys as {
    kid: string
  }[]
const address = (service: MadeService) => `/company/services/${service.id}/keys`

describe('public keys', () => {
  test('an old and a new one stand side by side, then the old one goes', async () => {
    const { browser } = await as(signing)
    const [old] = await keysOf(signing)
    const fresh = await key('new', 'PS256')
    const { use: _use, ...before } = old as { kid: string; use?: string }
    const page = await browser.open(address(signing))
    const both = await browser.submit(page, { jwks: JSON.stringify({ keys: [before, fresh] }) })
    expect(both.text).toContain('公開鍵を保存しました')
    expect((await keysOf(signing)).map(({ kid }) => kid)).toEqual(['old', 'new'])
    await browser.submit(both, { jwks: JSON.stringify({ keys: [fresh] }) }, address(signing))
    expect((await keysOf(signing)).map(({ kid }) => kid)).toEqual(['new'])
    const rows = await site.env.db('audit_events').where({ act: 'services.replace_keys' })
    expect(rows).toHaveLength(2)
  })

  test.each([
    ['a private key', async () => JSON.stringify({ keys: [{ ...(await key('p')), d: 'AAAA' }] })],
    ['a shared key', async () => '{"keys":[{"kty":"oct","k":"AAAA","kid":"a","alg":"HS256"}]}'],
    ['RS256', async () => JSON.stringify({ keys: [{ ...(await key('r', 'RS256')) }] })],
    ['an address to fetch', async () => JSON.stringify({ jwks_uri: 'https://127.0.0.1/jwks' })],
    ['the same name twice', async () => '{"keys":[],"keys":[]}'],
    ['nothing', async () => ''],
  ])('%s is refused at its field and nothing changes', async (_what, jwks) => {
    const { browser } = await as(signing)
    const before = await keysOf(signing)
    const page = await browser.open(address(signing))
    const refused = await browser.submit(page, { jwks: await jwks() })
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('id="jwks-e"')
    expect(await keysOf(signing)).toEqual(before)
  })

  test('a developer reads and does not change; a manager needs a fresh factor', async () => {
    const { browser } = await as(signing, 'developer')
    const page = await browser.open(address(signing))
    expect(page.status).toBe(200)
    expect((await browser.submit(page, { jwks: '{}' })).status).toBe(403)
    const { browser: manager, who } = await as(signing)
    const open = await manager.open(address(signing))
    await site.env
      .db('staff_sessions')
      .where({ holder_id: who.person.id })
      .update({ confirmed_at: new Date(site.env.now().getTime() - 301_000) })
    const before = await keysOf(signing)
    const late = await manager.submit(open, { jwks: JSON.stringify({ keys: [await key('x')] }) })
    expect(late.status).toBe(403)
    expect(await keysOf(signing)).toEqual(before)
  })
})

describe('the secret of the exception', () => {
  test('is shown in the answer to its making alone, and the one before is worth nothing', async () => {
    const { browser } = await as(secretive)
    const tokenWith = (secret: string) =>
      fetch(`${site.issuer}/token`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Basic ${Buffer.from(`${secretive.clientId}:${secret}`).toString('base64')}`,
        },
        body: 'grant_type=authorization_code&code=x&redirect_uri=y&code_verifier=z',
      }).then(async (answer) => ((await answer.json()) as { error: string }).error)
    expect(await tokenWith(secretive.clientSecret)).toBe('invalid_grant')
    const page = await browser.open(address(secretive))
    expect(page.text).not.toContain(secretive.clientSecret)
    const made = await browser.submit(page, {}, `${address(secretive)}/secret`)
    expect(made.status).toBe(200)
    const secret = /秘密の値<\/dt><dd class="code">([\w-]{43})</.exec(made.text)?.[1] ?? ''
    expect(secret).toHaveLength(43)
    expect(made.headers.get('cache-control')).toContain('no-store')
    expect(await tokenWith(secretive.clientSecret)).toBe('invalid_client')
    expect(await tokenWith(secret)).toBe('invalid_grant')
    const again = await browser.open(address(secretive))
    expect(again.text).not.toContain(secret)
    expect(again.text).toContain('に発行した値が有効です')
    const audit = await site.env.db('audit_events').where({ act: 'services.issue_secret' })
    expect(audit).toHaveLength(1)
    expect(JSON.stringify(audit)).not.toContain(secret)
    const tables = JSON.stringify(await site.env.db('services').where({ id: secretive.id }))
    expect(tables).not.toContain(secret)
  })

  test('a service that signs has none to issue', async () => {
    const { browser } = await as(signing)
    const page = await browser.open(address(signing))
    expect((await browser.submit(page, {}, `${address(signing)}/secret`)).status).toBe(409)
  })
})
