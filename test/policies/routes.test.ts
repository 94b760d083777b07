import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { writeFile, rm } from 'node:fs/promises'
import { demoInstallation } from '../../src/installation.ts'
import { Browser } from '../support/browser.ts'
import { makeService, makeServiceVersion, type MadeService } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let live: MadeService
const browser = (language = 'ja') => new Browser(site.issuer, { 'accept-language': language })
const recipientsOn = (text: string) =>
  [...text.matchAll(/data-recipient="([^"]+)"/g)].map((m) => m[1])

beforeAll(async () => {
  site = await openSite()
  live = await makeService(site.env, { name: '<b>散歩</b>', required: ['name'], optional: ['sex'] })
})
afterAll(() => site.close())

describe('/terms, /privacy, /accessibility', () => {
  test.each(['/terms', '/privacy', '/accessibility'])(
    '%s reads in both languages, unfilled nowhere',
    async (path) => {
      for (const language of ['ja', 'en']) {
        const page = await browser(language).open(path)
        expect(page.status).toBe(200)
        expect(page.text).toContain(`<html lang="${language}">`)
        expect(page.text).not.toMatch(/\{\{|undefined|_company|_city/)
      }
    },
  )

  test('an address of a version leads to it; one that does not exist is not found', async () => {
    const now = await browser().open('/terms')
    const link = /href="(\/terms\?version=\d+)"/.exec(now.text)?.[1] ?? ''
    const version = await browser().open(link)
    expect(version.status).toBe(200)
    const hash = /[0-9a-f]{64}/.exec(now.text)?.[0]
    expect(version.text).toContain(hash)
    for (const wrong of ['999', '0', 'x', '1&version=1', '%00']) {
      expect((await browser().open(`/terms?version=${wrong}`)).status).toBe(404)
    }
  })
})

describe('/privacy is made from what runs (E-22, K-05)', () => {
  test('it names the live service with what it may receive, and escapes the name', async () => {
    const { text } = await browser().open('/privacy')
    expect(recipientsOn(text)).toEqual([live.id])
    expect(text).toContain('&lt;b&gt;散歩&lt;/b&gt;')
    expect(text).not.toContain('<b>散歩')
    const part = text.slice(text.indexOf(`data-recipient="${live.id}"`))
    const items = /<dd>([^<]*)<\/dd>/.exec(part)?.[1]
    expect(items).toBe('共通のユーザーID、氏名とフリガナ、性別')
  })

  test('an item above the contract, a service that is stopped or out of term is not there', async () => {
    const { env } = site
    const over = await makeService(env, {
      required: ['name'],
      optional: ['sex'],
      flowItems: ['user_id', 'name'],
    })
    const suspended = await makeService(env, { status: 'suspended' })
    const excluded = await makeService(env, { memberStatus: 'excluded' })
    const past = await makeService(env, { endsAt: new Date('2026-05-01T00:00:00Z') })
    const { text } = await browser().open('/privacy')
    const shown = recipientsOn(text)
    expect(shown).toContain(over.id)
    for (const stopped of [suspended, excluded, past]) expect(shown).not.toContain(stopped.id)
    const part = text.slice(text.indexOf(`data-recipient="${over.id}"`))
    expect(/<dd>([^<]*)<\/dd>/.exec(part)?.[1]).toBe('共通のユーザーID、氏名とフリガナ')
  })

  test('a service with an ID of its own says so (S-04)', async () => {
    const own = await makeService(site.env, {
      required: [],
      optional: ['sex'],
      subjectType: 'pairwise',
    })
    const { text } = await browser('en').open('/privacy')
    const part = text.slice(text.indexOf(`data-recipient="${own.id}"`))
    expect(/<dd>([^<]*)<\/dd>/.exec(part)?.[1]).toBe('User ID for this company only and Sex')
  })

  test('a new version of a service is shown at the next reading', async () => {
    const before = await makeService(site.env, { required: ['name'], optional: [] })
    await makeServiceVersion(site.env, before, 2, {
      required: [],
      optional: ['name'],
      name: '新しい名前',
    })
    expect((await browser().open('/privacy')).text).toContain('新しい名前')
  })
})

test('a city names its own ground and procedures (D-16)', async () => {
  const file = `/tmp/machi-city-${process.pid}.json`
  await writeFile(file, JSON.stringify({ ...demoInstallation, legalForm: 'city' }))
  const city = await openSite({ INSTALLATION_FILE: file })
  try {
    const { text } = await new Browser(city.issuer).open('/privacy')
    expect(text).toContain('第69条第2項第1号')
    expect(text).not.toContain('第27条')
    expect(recipientsOn(text)).toEqual([])
  } finally {
    await city.close()
    await rm(file)
  }
})
