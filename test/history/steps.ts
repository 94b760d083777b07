/** Somebody with a browser and a service, and their history as a program reads it. */
import { expect } from '@jest/globals'
import type { Knex } from 'knex'
import { Browser, type Page } from '../support/browser.ts'
import { makeService, PASSWORD, type MadeResident, type ServiceAsked } from '../support/builders.ts'
import { relyingParty } from '../support/relying-party.ts'
import type { Site } from '../support/site.ts'

const OFFLINE = 'openid name birth_year sex email address offline_access'

const personOf = ({ email }: { email: string }) => ({ email, password: PASSWORD })

/** A service this resident uses, with one userinfo answer. */
export async function used(
  site: Site,
  who: { resident: MadeResident; browser: Browser },
  picked: string[] = ['sex', 'address'],
  asked: ServiceAsked = {},
) {
  const service = await makeService(site.env, asked)
  const rp = await relyingParty(site.issuer, service)
  const tokens = await rp.signIn(who.browser, personOf(who.resident), OFFLINE, picked, {
    prompt: 'consent',
  })
  const sub = tokens.claims()?.sub ?? ''
  const claims = () => rp.userinfo(tokens.access_token, sub)
  await claims()
  return { service, rp, tokens, claims, at: `/account/services/${service.id}` }
}

/** What a page says, without its tags. */
export const textOf = (html: string) => html.replace(/<[^>]+>/g, '').replace(/\s+/g, ' ')

/** Signs in at /login, as a person does who comes without a service. */
export async function signedIn(site: Site, person: { email: string }): Promise<Browser> {
  const agent = new Browser(site.issuer)
  await agent.signIn(await agent.open('/login'), personOf(person))
  return agent
}

export type Entry = {
  id: string
  kind: string
  at: string
  items: string[]
  [more: string]: unknown
}

export async function history(browser: Browser, query = ''): Promise<Entry[]> {
  const page = await browser.request(`/account/history${query}`, {
    headers: { accept: 'application/json' },
  })
  expect([query, page.status]).toEqual([query, 200])
  expect(page.headers.get('content-type')).toContain('application/json')
  return JSON.parse(page.text) as Entry[]
}

/** How many lines a page shows. */
export const linesOn = (page: Page) => page.text.match(/<p class="when">/g)?.length ?? 0

/** The address of the first link of this kind on a page. */
export function hrefOn(page: Page, pattern: RegExp): string | undefined {
  const found = [...page.text.matchAll(/href="([^"]+)"([^>]*)/g)].find(([all]) => pattern.test(all))
  return found?.[1]?.replaceAll('&amp;', '&')
}

/** Provision records as plain rows, for histories longer than anybody would click together; one a minute. */
export async function fillProvisions(
  db: Knex,
  residentId: string,
  serviceId: string,
  { from, count, items = ['user_id', 'name'] }: { from: Date; count: number; items?: string[] },
): Promise<void> {
  for (let first = 1; first <= count; first += 5000)
    await db.raw(
      `insert into provision_records (id, at, resident_id, service_id, member_id, agreement_id, consent_id,
         service_version_id, contract_version_id, path, items, purposes, salt, canonical, leaf_hash)
       select gen_random_uuid(), :from::timestamptz + n * interval '1 minute', :residentId, :serviceId, s.member_id,
         gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'userinfo', :items, '{service_delivery}',
         'x', '{}', sha256(n::text::bytea)
       from generate_series(:first::integer, :last::integer) n join services s on s.id = :serviceId`,
      { from, residentId, serviceId, items, first, last: Math.min(count, first + 4999) },
    )
}
