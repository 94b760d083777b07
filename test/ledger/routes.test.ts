/** What the ledger publishes, read as an outsider and as a resident would. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compactVerify, importJWK, type JWK } from 'jose'
import { commitment, leafHash } from '../../src/audit/model.ts'
import * as ledger from '../../src/ledger/actions.ts'
import { openNote } from '../../src/ledger/note.ts'
import { frontier, isIncluded } from '../../src/ledger/tree.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, type MadeResident } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { ALL, tokensFor, userinfo } from '../oidc/steps.ts'

let site: Site
let browser: Browser
let resident: MadeResident
let key: KeyObject
let jwk: JWK

const get = (path: string) => fetch(`${site.issuer}${path}`)

beforeAll(async () => {
  site = await openSite()
  resident = await makeResident(site.env)
  browser = new Browser(site.issuer)
  const service = await makeService(site.env)
  const { access } = await tokensFor(site, browser, service, resident, { scope: ALL }, [])
  await userinfo(site, access)
  do await ledger.sequence(site.env)
  while ((await site.env.db('ledger_pending').first()) !== undefined)
  const { keys } = (await (await get('/transparency/keys.json')).json()) as { keys: JWK[] }
  jwk = keys[0] as JWK
  key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
})
afterAll(() => site.close())

describe('what everybody may read', () => {
  test('the key is no private one, and none of OpenID Connect’s', async () => {
    expect(Object.keys(jwk)).not.toContain('d')
    const { keys } = (await (await get('/jwks')).json()) as { keys: JWK[] }
    expect(keys.map(({ kid }) => kid)).not.toContain(jwk.kid)
  })

  test.each(['/transparency', '/transparency/audit'])(
    '%s: the checkpoint as note and as JWS',
    async (at) => {
      const answer = await get(`${at}/checkpoint`)
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      const state = openNote(await answer.text(), key)
      expect(state?.origin).toBe(`${new URL(site.issuer).host}${at}`)
      const jws = await (await get(`${at}/checkpoint.jws`)).text()
      const { payload } = await compactVerify(jws, await importJWK(jwk, 'EdDSA'))
      expect(JSON.parse(new TextDecoder().decode(payload))).toMatchObject({ origin: state?.origin })
    },
  )

  test('the tile is the leaves, and their root is the one that was signed', async () => {
    const state = openNote(await (await get('/transparency/checkpoint')).text(), key)
    const size = state?.size ?? 0
    const answer = await get(`/transparency/tile/0/000.p/${size}`)
    const hashes = Buffer.from(await answer.arrayBuffer())
    expect(hashes).toHaveLength(size * 32)
    const tip = frontier()
    for (let n = 0; n < size; n++) tip.add(hashes.subarray(n * 32, (n + 1) * 32))
    expect(tip.root().equals(state?.root ?? Buffer.alloc(0))).toBe(true)
  })

  test.each([
    '/transparency/tile/0/000',
    '/transparency/tile/0/000.p/0',
    '/transparency/tile/0/000.p/300',
    '/transparency/tile/9/000.p/1',
    '/transparency/tile/0/x999/999.p/1',
    '/transparency/tile/a/000',
    '/transparency/tile/0/000.p/01',
    '/transparency/tile/0/000.p/001',
    '/transparency/tile/0/000.p/256',
    '/transparency/tile/0/x000/000.p/1',
    '/transparency/tile/0/x000/x000/000.p/1',
    '/transparency/audit/tile/0/x000/000.p/1',
    '/transparency/nothing',
    '/transparency/growth?from=5&to=4',
    '/transparency/growth?from=0&to=99999',
  ])('%s is not there, and says so to a program', async (path) => {
    const answer = await get(path)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await answer.text()).toMatch(/^not_found: .+\n$/)
  })

  test('whoever asks for JSON gets it', async () => {
    const answer = await fetch(`${site.issuer}/transparency/nothing`, {
      headers: { accept: 'application/json' },
    })
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
  })

  test.each(['/transparency', '/transparency/', '/transparency/nothing'])(
    '%s is not there, and a browser is shown the ordinary page',
    async (path) => {
      const answer = await fetch(`${site.issuer}${path}`, {
        headers: { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' },
      })
      expect(answer.status).toBe(404)
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(await answer.text()).toMatch(/<h1[\s\S]+<\/h1>/)
    },
  )

  test('a growth without numbers is refused at its name', async () => {
    expect((await get('/transparency/growth?from=1')).status).toBe(422)
  })

  test('nothing of it is personal', async () => {
    const bodies = await Promise.all(
      ['/transparency/checkpoint', '/transparency/keys.json', '/transparency/tile/0/000.p/1'].map(
        async (path) => (await get(path)).text(),
      ),
    )
    expect(bodies.join()).not.toContain(resident.userId)
  })
})

describe('a resident’s own entry', () => {
  const own = async (id: string, by = browser) => by.request(`/account/proofs/${id}`)

  test('comes with everything to check it without us', async () => {
    const rows = await site.env
      .db('provision_records')
      .where({ resident_id: resident.id, path: 'userinfo' })
    const answer = await own((rows[0] as { id: string }).id)
    expect(answer.status).toBe(200)
    const { entry, salt, proof } = JSON.parse(answer.text) as {
      entry: string
      salt: string
      proof: { index: number; size: number; path: string[]; checkpoint: string }
    }
    const state = openNote(proof.checkpoint, key)
    const path = proof.path.map((hash) => Buffer.from(hash, 'base64'))
    const place = { index: proof.index, size: proof.size, root: state?.root ?? Buffer.alloc(0) }
    expect(isIncluded(leafHash(entry), place, path)).toBe(true)
    const said = JSON.parse(entry) as { subject: string; items: string[] }
    expect(said.subject).toBe(commitment(Buffer.from(salt, 'hex'), resident.id))
    expect(said.items).toContain('email')
  })

  test('consents and terms too', async () => {
    for (const table of ['consents', 'resident_terms']) {
      const row = await site.env
        .db(table)
        .where({ resident_id: resident.id })
        .first<{ id: string }>()
      expect((await own(row?.id ?? '')).status).toBe(200)
    }
  })

  test('is nobody else’s', async () => {
    const other = await makeResident(site.env)
    const row = await site.env
      .db('resident_terms')
      .where({ resident_id: other.id })
      .first<{ id: string }>()
    expect((await own(row?.id ?? '')).status).toBe(404)
    expect((await own(createHash('sha256').update('x').digest('hex'))).status).toBe(404)
    expect((await own(row?.id ?? '', new Browser(site.issuer))).status).toBe(303)
  })
})
