/** Console and portal on hosts of their own (G9, H20): each page on its host and nowhere else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as people from '../../src/people/actions.ts'
import { readConfig } from '../../src/config.ts'
import { Authenticator, optionsOn } from '../support/authenticator.ts'
import { Browser } from '../support/browser.ts'
import { makeOperator } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { csrfOf } from './steps.ts'

const HOSTS = { id: 'id.example', admin: 'admin.example', company: 'company.example' } as const

let site: Site
beforeAll(async () => {
  site = await openSite({
    ISSUER: `http://${HOSTS.id}`,
    ADMIN_ORIGIN: `http://${HOSTS.admin}`,
    COMPANY_ORIGIN: `http://${HOSTS.company}`,
    TRUSTED_PROXIES: '127.0.0.1',
  })
})
afterAll(() => site.close())

const at = (host: string) =>
  new Browser(
    `http://${host}`,
    { 'x-forwarded-host': host },
    `http://127.0.0.1:${site.env.config.port}`,
  )

test.each([
  ['/login', 'id'],
  ['/members', 'id'],
  ['/.well-known/openid-configuration', 'id'],
  ['/admin/login', 'admin'],
  ['/company/login', 'company'],
  ['/company/apply', 'company'],
] as const)('%s is found on the host of %s alone', async (path, home) => {
  for (const [name, host] of Object.entries(HOSTS))
    expect([name, (await at(host).request(path)).status]).toEqual([name, name === home ? 200 : 404])
  expect((await at('other.example').request(path)).status).toBe(421)
})

test('stylesheet and script are on each host', async () => {
  const page = await at(HOSTS.admin).open('/admin/login')
  const files = [...page.text.matchAll(/(?:href|src)="(\/(?:style|passkey)\.[^"]+)"/g)]
  expect(files).toHaveLength(2)
  for (const [, file = ''] of files)
    for (const host of Object.values(HOSTS)) expect((await at(host).request(file)).status).toBe(200)
})

describe('a form', () => {
  const post = (one: Browser, csrf: string, origin: string) =>
    one.request('/admin/login', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
      body: new URLSearchParams({ csrf, email: 'a@b.example', password: 'x' }).toString(),
    })

  test('counts from its own host, not from that of the residents', async () => {
    const one = at(HOSTS.admin)
    const csrf = csrfOf(await one.open('/admin/login'))
    expect((await post(one, csrf, `http://${HOSTS.id}`)).status).toBe(403)
    expect((await post(one, csrf, `http://${HOSTS.company}`)).status).toBe(403)
    expect((await post(one, csrf, `http://${HOSTS.admin}`)).status).toBe(401)
  })
})

test('links and passkeys belong to the host of their area', async () => {
  const { person } = await makeOperator(site.env, ['auditor'])
  const whose = { area: 'operator' as const, holderId: person.id, seconds: 600 }
  const { href } = await people.issue(site.env, whose)
  expect(href).toMatch(/^http:\/\/admin\.example\/admin\/invitation\//)
  const one = at(HOSTS.admin)
  const page = await one.open(href)
  const options = optionsOn(page.text, 'create')
  expect(JSON.parse(options)).toMatchObject({ rp: { id: 'admin.example' } })
  const post = (key: Authenticator) =>
    one.post('/admin/invitation/passkey', { csrf: csrfOf(page), credential: key.create(options) })
  expect((await post(new Authenticator(`http://${HOSTS.id}`))).status).toBe(422)
  const again = optionsOn((await one.open('/admin/invitation')).text, 'create')
  const key = new Authenticator(`http://${HOSTS.admin}`)
  const credential = key.create(again)
  const done = await one.post('/admin/invitation/passkey', { csrf: csrfOf(page), credential })
  expect(done.status).toBe(303)
})

test('the configuration refuses what is no origin, and two protocols', () => {
  const url = 'postgres://localhost/x'
  const read = (more: Record<string, string>) => () => readConfig({ DATABASE_URL: url, ...more })
  expect(read({ ADMIN_ORIGIN: 'http://admin.example/x' })).toThrow('ADMIN_ORIGIN')
  expect(read({ COMPANY_ORIGIN: 'https://company.example' })).toThrow('http or https as ISSUER')
  expect(read({ ISSUER: 'http://id.example' })().adminOrigin).toBe('http://id.example')
})
