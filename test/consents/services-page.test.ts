/** 「各サービスでのデータ利用」 (R5): both directions in words, order, search, and what it says when a part is missing. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { messages } from '../../src/locales/index.ts'
import { used } from '../history/steps.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makeResident, type MadeResident } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'

const l = messages.ja.consents.list
const t = messages.ja.consents
let site: Site
let resident: MadeResident
let browser: Browser
let first: Awaited<ReturnType<typeof used>>
let second: Awaited<ReturnType<typeof used>>

beforeAll(async () => {
  site = await openSite()
  resident = await makeResident(site.env)
  browser = new Browser(site.issuer)
  first = await used(site, { resident, browser }, [], {
    name: 'ん町の店',
    endsAt: new Date('2030-01-01'),
  })
  second = await used(site, { resident, browser }, ['sex'], { name: 'あさひ書店' })
  await first.claims()
})
afterAll(() => site.close())

const BASE = '/account/services'
const order = (page: Page) => [...page.text.matchAll(/data-service="([^"]+)"/g)].map(([, id]) => id)
const ids = (...all: (typeof first)[]) => all.map(({ service }) => service.id)
const cardOf = (page: Page, { service }: typeof first) =>
  (page.text.split('<li class="card').find((html) => html.includes(service.id)) ?? '').replace(
    /<[^>]+>/g,
    ' ',
  )

describe('各サービスでのデータ利用', () => {
  test('is put in order on the server', async () => {
    expect(order(await browser.open(BASE))).toEqual(ids(second, first))
    expect(order(await browser.open(`${BASE}?sort=provided`))).toEqual(ids(first, second))
    expect(order(await browser.open(`${BASE}?sort=name`))).toEqual(ids(second, first))
    expect(order(await browser.open(`${BASE}?sort=until`))).toHaveLength(2)
    expect(order(await browser.open(`${BASE}?sort=${encodeURIComponent('id;--')}`))).toEqual(
      ids(second, first),
    )
    expect(
      order(await browser.open(`${BASE}?q=${encodeURIComponent('あさひ')}&sort=until`)),
    ).toEqual(ids(second))
  })

  test('says both directions: nothing comes from a service without such a flow', async () => {
    const card = cardOf(await browser.open(BASE), first)
    expect(card).toContain(t.give)
    expect(card).toMatch(new RegExp(`${t.take}\\s+${l.noneBack}`))
  })

  test('names what a service hands over, and that the resident stopped it', async () => {
    const [version] = await site.env
      .db('contract_versions')
      .where({ contract_id: second.service.contractId })
    await site.env.db('contract_flows').insert({
      id: site.env.newId(),
      contract_version_id: version.id,
      position: 2,
      giver: 'member',
      receiver: 'consortium',
      items: [],
      dataset: 'visit.stamps',
      purposes: ['service_delivery'],
      delivery: 'API',
      starts_at: version.starts_at,
      ends_at: version.ends_at,
    })
    expect(cardOf(await browser.open(BASE), second)).toContain(l.backOff)
    await site.env.db.raw(
      `insert into resident_terms (id, resident_id, kind, given, template, template_version, template_hash, language,
         shown_at, at, salt, canonical, leaf_hash)
       select gen_random_uuid(), resident_id, 'collection', true, template, template_version, template_hash, language,
         shown_at, now(), salt, canonical, leaf_hash from resident_terms where resident_id = ? limit 1`,
      [resident.id],
    )
    expect(cardOf(await browser.open(BASE), second)).toContain('visit.stamps')
  })

  test('shows what is known while the records cannot be read, and says so', async () => {
    const blocked = await site.owner.transaction()
    try {
      await blocked.raw('lock table provision_records in access exclusive mode')
      const page = await browser.open(`${BASE}?sort=provided`)
      expect(page.status).toBe(200)
      expect(page.text).toContain(l.part.title)
      expect(order(page)).toHaveLength(2)
      expect(cardOf(page, first)).toContain(l.unread)
      expect(cardOf(page, first)).not.toContain(t.notYet)
    } finally {
      await blocked.rollback()
    }
    expect((await browser.open(BASE)).text).not.toContain(l.part.title)
  })
})
