/** The fixed addresses that outside programs rely on: there, in both languages, and calm where there is nothing. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { createApp } from '../../src/app.ts'
import { openWorld, type World } from '../support/env.ts'

let world: World
let agent: ReturnType<typeof request>
beforeAll(async () => {
  world = await openWorld()
  const { app } = await createApp(world.env)
  agent = request(app.callback())
})
afterAll(() => world.close())

const get = (path: string, language = 'ja') =>
  agent
    .get(path)
    .set('Host', 'localhost:3000')
    .set('Accept', 'text/html')
    .set('Accept-Language', language)

const PUBLIC = [
  '/',
  '/signup',
  '/signup/resend',
  '/login',
  '/logout',
  '/recover',
  '/members',
  '/services',
  '/terms',
  '/privacy',
  '/accessibility',
]

describe.each(PUBLIC)('%s', (path) => {
  test.each(['ja', 'en'])('is a page in %s', async (language) => {
    const page = await get(path, language)
    expect(page.status).toBe(200)
    expect(page.type).toBe('text/html')
    expect(page.text).toContain(`<html lang="${language}">`)
    expect(page.text.match(/<h1[\s>]/g)).toHaveLength(1)
  })
})

test.each([
  '/account',
  '/account/services',
  '/account/history',
  '/account/security',
  '/account/services/x/withdraw',
])('%s leads a stranger to the sign-in page and back', async (path) => {
  const page = await get(path)
  expect(page.status).toBe(303)
  expect(page.headers['location']).toBe(`/login?to=${encodeURIComponent(path)}`)
})

test('the language switch keeps the address and lasts', async () => {
  const page = await get('/services?q=x&lang=en')
  expect(page.status).toBe(303)
  expect(page.headers['location']).toBe('/services?q=x')
  expect(String(page.headers['set-cookie'])).toMatch(/lang=en;.*httponly/i)
  const kept = [page.headers['set-cookie'] ?? []].flat().map((line) => line.split(';')[0] ?? '')
  const next = await get('/services').set('Cookie', kept.join('; '))
  expect(next.text).toContain('<html lang="en">')
})

test.each([
  '/registers',
  '/dev',
  '/dev/mail',
  '/dev/demo.json',
  '/.git/config',
  '/..%2fetc/passwd',
  '/%ff',
])('%s is not there', async (path) => {
  const page = await get(path)
  expect(page.status).toBe(404)
  expect(page.text).toContain('<h1>')
})

test('machines find what they need', async () => {
  const json = (path: string) =>
    agent.get(path).set('Host', 'localhost:3000').set('Accept', 'application/json')
  for (const path of [
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
  ]) {
    const metadata = await json(path)
    expect(metadata.body).toMatchObject({
      issuer: 'http://localhost:3000',
      authorization_endpoint: 'http://localhost:3000/authorize',
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
    expect(metadata.headers['cache-control']).toBe('public, max-age=300')
  }
  expect((await json('/members.json')).type).toBe('application/json')
  const keys = (await json('/jwks')).body as { keys: Record<string, string>[] }
  expect(keys.keys.map((key) => key['alg'])).toEqual(['RS256', 'ES256'])
  expect(keys.keys.every((key) => key['d'] === undefined)).toBe(true)
})
