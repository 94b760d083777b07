/** Every published version at an address of its own, and what a resident agreed to (R6, R9; field row 14). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { dayOf } from '../../src/input/days.ts'
import { readTemplates } from '../../src/templates/actions.ts'
import { ALL, tokensFor } from '../oidc/steps.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, type MadeService } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { textFolder, type TextFolder } from '../support/texts.ts'

let site: Site
let folder: TextFolder
let service: MadeService
beforeAll(async () => {
  site = await openSite()
  service = await makeService(site.env, { name: '歩くアプリ' })
  folder = await textFolder()
})
afterAll(async () => {
  await folder.close()
  await site.close()
})

async function agreed(language: 'ja' | 'en') {
  const resident = await makeResident(site.env)
  const browser = new Browser(site.issuer, { 'accept-language': language })
  await tokensFor(site, browser, service, resident, { scope: ALL })
  return { resident, browser }
}
const anybody = (language = 'ja') => new Browser(site.issuer, { 'accept-language': language })
const textsOn = (html: string) => [...html.matchAll(/data-text="([^"]+)"/g)].map((m) => m[1])

describe('what a resident agreed to', () => {
  test('is listed by version and language, and reads in that language', async () => {
    const { browser } = await agreed('en')
    const list = await browser.open('/account/texts')
    expect(textsOn(list.text)).toEqual(['city-platform/1/en', 'id-terms/1/ja'])
    const text = await browser.open('/account/texts/city-platform/1/en')
    expect(text.text).toContain('You agreed to give information to 歩くアプリ')
    expect(text.text).toContain('〔name of the service〕')
    expect(text.text).toContain(
      site.env.templates.version('city-platform', 1).hash.en.toString('hex'),
    )
    const screen = /href="(\/account\/services\/[^"]+\/showings\/[^"]+)"/.exec(text.text)?.[1]
    const receipt = /href="(\/account\/receipts\/[^"]+)"/.exec(text.text)?.[1]
    for (const link of [screen, receipt]) {
      const page = await browser.open(link ?? '')
      expect([page.status, page.text.includes('/terms/versions/city-platform/1/en')]).toEqual([
        200,
        true,
      ])
    }
    const own = await browser.open(`/account/services/${service.id}`)
    expect(own.text).toContain('href="/account/texts/city-platform/1/en"')
  })

  test('stays readable as it was after a new version', async () => {
    const { browser } = await agreed('ja')
    const before = await browser.open('/account/texts/city-platform/1/ja')
    await folder.add('city-platform', 2, {
      effectiveOn: dayOf(new Date(Date.now() - 86_400_000)),
      change: 'ask',
      ja: [['選ぶまで、何も渡りません。', '選ぶまでは、何も渡りません。']],
    })
    const published = site.env.templates
    site.env.templates = await readTemplates(folder.root)
    const after = await browser.open('/account/texts/city-platform/1/ja')
    const old = await anybody().open('/terms/versions/city-platform/1/ja')
    site.env.templates = published
    expect(before.text).toContain('選ぶまで、何も渡りません。')
    expect(after.text).toContain('選ぶまで、何も渡りません。')
    expect(after.text).not.toContain('選ぶまでは')
    expect(old.text).toContain('過去の版')
  })

  test('is nobody else’s, and only what was agreed to', async () => {
    const { browser } = await agreed('ja')
    expect((await browser.open('/account/texts/city-platform/1/ja')).status).toBe(200)
    for (const path of [
      '/account/texts/city-platform/1/en',
      '/account/texts/municipal/1/ja',
      '/account/texts/city-platform/2/ja',
      '/account/texts/city-platform/1/fr',
      '/account/texts/../1/ja',
    ])
      expect([path, (await browser.open(path)).status]).toEqual([path, 404])
    const fresh = new Browser(site.issuer)
    expect((await fresh.request('/account/texts')).status).toBe(303)
    const other = await agreed('en')
    expect((await other.browser.open('/account/texts/city-platform/1/ja')).status).toBe(404)
  })
})

describe('the public addresses', () => {
  test('list every version, newest first, and each reads in both languages', async () => {
    const list = await anybody().open('/terms/versions')
    const links = [...list.text.matchAll(/href="(\/terms\/versions\/[^"]+)"/g)].map((m) => m[1])
    const changed = links.filter((link) => link?.endsWith('/changes'))
    const { all } = site.env.templates
    expect(links.length - changed.length).toBe(all.length * 2)
    expect(changed).toHaveLength(all.filter(({ version }) => version > 1).length)
    for (const link of links) {
      const page = await anybody().open(link ?? '')
      expect(page.status).toBe(200)
      expect(page.text).not.toMatch(/\{\{|undefined/)
    }
    expect((await anybody().open('/terms')).text).toContain('href="/terms/versions"')
  })

  test('lead to the reader’s language where none is named', async () => {
    const page = await anybody('en').request('/terms/versions/municipal/1')
    expect([page.status, page.headers.get('location')]).toEqual([
      303,
      '/terms/versions/municipal/1/en',
    ])
  })

  test('hand out what the fingerprint is made of: SHA-256 of the file is the hash in the consent', async () => {
    for (const language of ['ja', 'en'] as const) {
      const file = await fetch(`${site.issuer}/terms/versions/municipal/1/${language}/source`)
      const bytes = Buffer.from(await file.arrayBuffer())
      const hash = createHash('sha256').update(bytes).digest()
      expect(hash).toEqual(site.env.templates.version('municipal', 1).hash[language])
      const page = await anybody().open(`/terms/versions/municipal/1/${language}`)
      expect(page.text).toContain(hash.toString('hex'))
    }
  })

  test.each([
    '/terms/versions/municipal/1/fr',
    '/terms/versions/municipal/01/ja',
    '/terms/versions/municipal/9/ja',
    '/terms/versions/nowhere/1/ja',
    '/terms/versions/municipal/1/ja/changes',
    '/terms/versions/%2e%2e/1/ja/source',
  ])('%s is not found', async (path) => {
    expect((await anybody().open(path)).status).toBe(404)
  })
})
