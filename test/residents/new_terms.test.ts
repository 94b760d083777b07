/** New terms of the ID: told beforehand, asked before the next sign-in to a service, never taken for granted (S-26, D-12). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { dayOf } from '../../src/input/days.ts'
import * as notices from '../../src/notices/actions.ts'
import { tellOfTerms } from '../../src/residents/new_terms.ts'
import { readTemplates } from '../../src/templates/actions.ts'
import type { Templates } from '../../src/templates/model.ts'
import {
  ALL,
  arrived,
  asksConsent,
  asksPassword,
  authorizePath,
  tokensFor,
  userinfo,
} from '../oidc/steps.ts'
import { Browser, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { mailsTo } from '../support/mailbox.ts'
import { openSite, type Site } from '../support/site.ts'
import { textFolder, type TextFolder } from '../support/texts.ts'

let site: Site
let folder: TextFolder
let published: Templates
let service: MadeService
let resident: MadeResident
let browser: Browser

const DAY = 86_400_000
const dayFrom = (days: number) => dayOf(new Date(Date.now() + days * DAY))

beforeAll(async () => {
  site = await openSite()
  published = site.env.templates
  folder = await textFolder()
  service = await makeService(site.env)
})
beforeEach(async () => {
  resident = await makeResident(site.env)
  browser = new Browser(site.issuer)
})
afterEach(() => {
  site.env.templates = published
})
afterAll(async () => {
  await folder.close()
  await site.close()
})

async function publish(effectiveOn: string, change: 'ask' | 'notice', template = 'id-terms') {
  await folder.add(template, template === 'privacy' ? 3 : 2, { effectiveOn, change })
  if (template === 'id-terms')
    await folder.add(template, 2, {
      effectiveOn,
      change,
      reason: { ja: '年齢の決まりを変えるため', en: 'The rule on age changes' },
      ja: [['届いていないときは登録できません。', '届いていないときは、保護者の同意が要ります。']],
    })
  site.env.templates = await readTemplates(folder.root)
}

const come = (more: Record<string, string> = {}) =>
  browser.open(authorizePath(service, { scope: ALL, ...more }))
const toService = (page: Page) => ({
  code: arrived(page)?.get('code') ?? undefined,
  error: arrived(page)?.get('error') ?? undefined,
})
const decide = (page: Page, decision: string) =>
  browser.submit(page, { decision }, `${site.issuer}/account/terms/new`)
const onHref = (page: Page) => /href="(\/interaction\/[^"]+)"/.exec(page.text)?.[1] ?? ''
const rows = () =>
  site.env
    .db('resident_terms')
    .where({ resident_id: resident.id, kind: 'terms' })
    .orderBy('at')
    .select('given', 'template_version')
const posted = async () =>
  (await notices.listed(site.env, resident.id, { limit: 50, offset: 0 })).notices.filter(
    ({ kind }) => kind === 'terms_changing',
  )

describe('everybody is told', () => {
  test('of terms that ask, before they begin, once, as a notice that must be read and by mail', async () => {
    await publish(dayFrom(10), 'ask')
    await Promise.all([tellOfTerms(site.env), tellOfTerms(site.env)])
    await tellOfTerms(site.env)
    expect(await posted()).toMatchObject([
      { mustRead: true, link: '/terms/versions/id-terms/2/changes' },
    ])
    const [mail] = await mailsTo(site.env, resident.email, 1, 'まちID 利用規約')
    expect(mail?.text).toContain('年齢の決まりを変えるため')
    expect((await come()).url).not.toContain('/account/terms/new')
    expect((await browser.open('/terms')).text).toContain('これからの版')
  })

  test('of the privacy policy too, which never asks', async () => {
    await publish(dayFrom(10), 'notice', 'privacy')
    await tellOfTerms(site.env)
    const told = await posted()
    expect(told.map(({ mustRead, link }) => [mustRead, link])).toContainEqual([
      false,
      '/terms/versions/privacy/3/changes',
    ])
    await expect(publish(dayFrom(10), 'ask', 'privacy')).rejects.toThrow(
      'privacy/3/terms.json: change of a policy must be notice',
    )
    await folder.remove('privacy/3')
  })
})

describe('new terms that ask', () => {
  test('are asked before the next sign-in to a service, with the difference; the rest goes on', async () => {
    const tokens = await tokensFor(site, browser, service, resident, { scope: ALL })
    await publish(dayFrom(-1), 'ask')
    expect(toService(await come({ prompt: 'none' })).error).toBe('consent_required')
    expect((await userinfo(site, tokens.access)).status).toBe(200)

    const page = await come()
    expect(page.url).toBe(`${site.issuer}/account/terms/new`)
    expect(page.text).toContain('<ins>')
    expect(page.text).toContain('保護者')
    expect(page.text).toContain('年齢の決まりを変えるため')
    expect(page.text).not.toMatch(/\{\{/)
    const done = await decide(page, 'agree')
    expect(done.text).toContain('新しい規約に同意しています')
    expect(toService(await browser.open(onHref(done))).code).toBeTruthy()
    expect(await rows()).toEqual([{ given: true, template_version: 2 }])

    expect(toService(await come({ prompt: 'none' })).code).toBeTruthy()
    expect((await userinfo(site, tokens.access)).status).toBe(200)
    const texts = await browser.open('/account/texts')
    expect(texts.text).toContain('data-text="id-terms/2/ja"')
    expect(texts.text).toContain('data-text="id-terms/1/ja"')
    expect((await browser.open('/account/history')).text).toContain(
      '新しいまちID利用規約に同意しました',
    )
  })

  test('refused: the service learns access_denied, nothing else changes, and it is asked again', async () => {
    const tokens = await tokensFor(site, browser, service, resident, { scope: ALL })
    await publish(dayFrom(-1), 'ask')
    const done = await decide(await come(), 'refuse')
    expect(done.text).toContain('同意しないことを記録しました')
    expect(toService(await browser.open(onHref(done))).error).toBe('access_denied')
    expect(await rows()).toEqual([{ given: false, template_version: 2 }])
    expect((await userinfo(site, tokens.access)).status).toBe(200)
    for (const path of ['/account', '/account/services', '/account/profile'])
      expect((await browser.open(path)).url).toBe(`${site.issuer}${path}`)
    const again = await come()
    expect(again.url).toBe(`${site.issuer}/account/terms/new`)
    await decide(again, 'agree')
    expect(await rows()).toHaveLength(2)
  })

  test('come before the consent screen of a new service, which is shown afterwards', async () => {
    await publish(dayFrom(-1), 'ask')
    const login = await come()
    expect(asksPassword(login)).toBe(true)
    const terms = await browser.signIn(login, { email: resident.email, password: PASSWORD })
    expect(terms.url).toBe(`${site.issuer}/account/terms/new`)
    const done = await decide(terms, 'agree')
    const screen = await browser.open(onHref(done))
    expect(asksConsent(screen)).toBe(true)
    expect(screen.url).toContain('/interaction/')
  })

  test('are not asked of who signed up under them, nor before their day', async () => {
    await publish(dayFrom(2), 'ask')
    await tokensFor(site, browser, service, resident, { scope: ALL })
    await publish(dayFrom(-1), 'ask')
    const late = await makeResident(site.env)
    const theirs = new Browser(site.issuer)
    await tokensFor(site, theirs, service, late, { scope: ALL })
    expect((await theirs.open('/account/terms/new')).text).toContain('新しい規約に同意しています')
  })

  test('cannot be agreed to unseen, nor in a version that is not in force', async () => {
    await tokensFor(site, browser, service, resident, { scope: ALL })
    await publish(dayFrom(-1), 'ask')
    const elsewhere = await browser.open('/account')
    const csrf = /name="csrf" value="([^"]*)"/.exec(elsewhere.text)?.[1] ?? ''
    const unseen = await browser.post('/account/terms/new', { csrf, decision: 'agree' })
    expect([unseen.status, await rows()]).toEqual([409, []])
    const page = await browser.open('/account/terms/new')
    await folder.add('id-terms', 3, { effectiveOn: dayFrom(-1), change: 'ask' })
    site.env.templates = await readTemplates(folder.root)
    const stale = await decide(page, 'agree')
    await folder.remove('id-terms/3')
    expect([stale.status, await rows()]).toEqual([409, []])
    expect((await new Browser(site.issuer).request('/account/terms/new')).status).toBe(303)
  })
})
