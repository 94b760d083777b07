/** With console and portal on hosts of their own, no link of any page leads to a page that is not there (G9). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as people from '../../src/people/actions.ts'
import { OPERATOR_ROLES } from '../../src/persons.ts'
import { Browser } from '../support/browser.ts'
import { makePair, type Pair } from '../support/duties.ts'
import { makeOperator, signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

const ORIGINS = ['http://id.example', 'http://admin.example', 'http://company.example'] as const
const [ID, ADMIN, COMPANY] = ORIGINS

let site: Site
let pair: Pair
beforeAll(async () => {
  site = await openSite({
    ISSUER: ID,
    ADMIN_ORIGIN: ADMIN,
    COMPANY_ORIGIN: COMPANY,
    TRUSTED_PROXIES: '127.0.0.1',
  })
  pair = await makePair(site.env)
})
afterAll(() => site.close())

const via = () => `http://127.0.0.1:${site.env.config.port}`
const onHosts = () =>
  new Map(
    ORIGINS.map((origin) => [
      origin as string,
      new Browser(origin, { 'x-forwarded-host': new URL(origin).host }, via()),
    ]),
  )

/** Ids and queries differ, the page is the same. */
const kindOf = (url: URL) =>
  url.origin + url.pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, ':id')

/** Follows links and pictures of our own hosts from these pages; one of each kind of address. */
async function walk(
  browsers: Map<string, Browser>,
  from: string[],
): Promise<{ dead: string[]; seen: Set<string> }> {
  const seen = new Set<string>()
  const dead: string[] = []
  const left = from.map((address) => ({ url: new URL(address), on: 'the start' }))
  for (let next = left.shift(); next; next = left.shift()) {
    const { url, on } = next
    const browser = browsers.get(url.origin)
    if (!browser || seen.has(kindOf(url)) || url.pathname.endsWith('/logout')) continue
    seen.add(kindOf(url))
    const page = await browser.request(url.href)
    if (page.status === 404) dead.push(`${url.href} on ${on}`)
    const location = page.headers.get('location')
    const found = page.headers.get('content-type')?.includes('html')
      ? [...page.text.matchAll(/\s(?:href|src)="([^"#][^"]*)"/g)].map(([, href = '']) => href)
      : []
    for (const href of [...found, ...(location ? [location] : [])])
      if (URL.canParse(href, url)) left.push({ url: new URL(href, url), on: url.href })
  }
  return { dead, seen }
}

test('what anybody can reach', async () => {
  const { href } = await people.issue(site.env, {
    ...{ area: 'staff' as const, holderId: pair.developer.person.id, seconds: 600 },
  })
  const from = [`${ID}/`, `${ADMIN}/admin`, `${COMPANY}/company`, `${COMPANY}/company/apply`, href]
  const { dead, seen } = await walk(onHosts(), from)
  expect(dead).toEqual([])
  expect([...seen]).toEqual(
    expect.arrayContaining([
      ...[`${ID}/members`, `${ID}/privacy`, `${ID}/services/:id`, `${COMPANY}/company/apply`],
      ...[`${ADMIN}/icon.svg`, `${COMPANY}/icon.svg`],
    ]),
  )
})

test('what staff can reach, the openapi document and the preview among it', async () => {
  const browsers = onHosts()
  signIn(browsers.get(COMPANY) as Browser, pair.staff)
  const { dead, seen } = await walk(browsers, [
    `${COMPANY}/company`,
    `${COMPANY}/company/services/${pair.service.id}/preview`,
  ])
  expect(dead).toEqual([])
  expect(seen.size).toBeGreaterThan(20)
  expect([...seen]).toEqual(
    expect.arrayContaining([`${ID}/api/v:id/openapi.json`, `${ID}/services/:id`, `${ID}/members`]),
  )
})

test('what operators can reach', async () => {
  const browsers = onHosts()
  signIn(browsers.get(ADMIN) as Browser, await makeOperator(site.env, [...OPERATOR_ROLES]))
  const { dead, seen } = await walk(browsers, [`${ADMIN}/admin`])
  expect(dead).toEqual([])
  expect(seen.size).toBeGreaterThan(25)
})
