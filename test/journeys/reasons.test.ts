/** Silence is never consent: every reason to ask again, as the resident sees it and as the service is told (rule 8, R2). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { messages } from '../../src/locales/index.ts'
import * as residents from '../../src/residents/actions.ts'
import { templatesOf, type Template } from '../../src/templates/model.ts'
import { Browser, itemsOn, type Page } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  PASSWORD,
  type MadeResident,
  type MadeService,
  type ServiceAsked,
} from '../support/builders.ts'
import { agree, refuse, relyingParty, type RelyingParty } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'

const SCOPE = 'openid name birth_year sex email address'
const SHORT = 'openid name email'
const { reasons, notices } = messages.ja.consents.screen

let site: Site
let resident: MadeResident
let service: MadeService
let rp: RelyingParty
let browser: Browser

beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

beforeEach(async () => {
  site.setNow(undefined)
  resident = await makeResident(site.env)
  browser = new Browser(site.issuer)
})

const person = () => ({ email: resident.email, password: PASSWORD })

/** A service of its own, already used with these optional items. */
async function usedService(picked: string[], scope = SCOPE, asked: ServiceAsked = {}) {
  service = await makeService(site.env, asked)
  rp = await relyingParty(site.issuer, service)
  return rp.signIn(browser, person(), scope, picked)
}

/** The service sends the resident to us once more. */
async function come(scope = SCOPE, more: Record<string, string> = {}) {
  const attempt = await rp.begin(scope, more)
  let page = await browser.open(attempt.url.toString())
  if (page.text.includes('name="password"')) page = await browser.signIn(page, person())
  return { attempt, page }
}

const left = (page: Page) => new URL(page.headers.get('location') ?? 'none:')
const errorOf = (page: Page) => left(page).searchParams.get('error')
const isScreen = (page: Page) => page.text.includes('value="agree"')

/** The heading of the banner, its sentence and the differences listed in it. */
function banner(page: Page): { title: string; text: string; differences: string[] } {
  const [html = ''] = /<div class="banner">[\s\S]*?<\/div><\/div>/.exec(page.text) ?? []
  const plain = (part: string) => part.replace(/<[^>]+>/g, '').trim()
  return {
    title: plain(/<h2>([\s\S]*?)<\/h2>/.exec(html)?.[1] ?? ''),
    text: plain(/<\/h2><p>([\s\S]*?)<\/p>/.exec(html)?.[1] ?? ''),
    differences: [...html.matchAll(/<li>([\s\S]*?)<\/li>/g)].map(([, li = '']) => plain(li)),
  }
}

function itemHtml(page: Page, id: string): string {
  return (
    new RegExp(`<li class="item[^>]*data-item="${id}"[\\s\\S]*?</li>`).exec(page.text)?.[0] ?? ''
  )
}

async function isSilentlyRefused(scope = SCOPE): Promise<void> {
  const { page } = await come(scope, { prompt: 'none' })
  expect(errorOf(page)).toBe('consent_required')
}

async function history(): Promise<{ kind: string; items: string[]; [more: string]: unknown }[]> {
  const page = await browser.request('/account/history', {
    headers: { accept: 'application/json' },
  })
  expect(page.status).toBe(200)
  return JSON.parse(page.text)
}

const scopes = (scope: string | undefined) => (scope ?? '').split(' ').sort()

describe('the reasons', () => {
  test('all have headings of their own', () => {
    const titles = Object.values(reasons).map((reason) => reason.title)
    expect(new Set(titles).size).toBe(titles.length)
  })

  test('new: never agreed', async () => {
    service = await makeService(site.env)
    rp = await relyingParty(site.issuer, service)
    const silent = await come(SCOPE, { prompt: 'none' })
    expect(errorOf(silent.page)).toBe('login_required')
    const { attempt, page } = await come()
    expect(banner(page)).toMatchObject({ title: reasons.new.title, differences: [] })
    expect(itemsOn(page)).toEqual(['user_id', 'name', 'email', 'birth_year', 'sex', 'address'])
    expect(page.text).not.toContain('checked')
    await isSilentlyRefused()
    await rp.redeem(attempt, await agree(browser, page, []))
  })

  test('more items: the new one is marked, what was agreed is still on the screen', async () => {
    await usedService(['birth_year'], 'openid name birth_year email')
    await isSilentlyRefused()
    const { attempt, page } = await come()
    const shown = banner(page)
    expect(shown.title).toBe(reasons.more_items.title)
    expect(shown.differences).toEqual(['追加性別', '追加郵便番号・都道府県・市区町村（区まで）'])
    expect(itemHtml(page, 'sex')).toContain('chip-new')
    expect(itemHtml(page, 'birth_year')).not.toContain('chip-new')
    const tokens = await rp.redeem(attempt, await agree(browser, page, ['birth_year', 'sex']))
    expect(scopes(tokens.scope)).toEqual(['birth_year', 'email', 'name', 'openid', 'sex'])
  })

  test('more items: one that became required', async () => {
    await usedService([])
    expect(isScreen((await come()).page)).toBe(false)
    await makeServiceVersion(site.env, service, 2, {
      required: ['name', 'email', 'address'],
      optional: ['birth_year', 'sex'],
    })
    await isSilentlyRefused()
    expect(banner((await come()).page).title).toBe(reasons.more_items.title)
  })

  test('expired: the contract was renewed, the consent is not', async () => {
    const endsAt = new Date(Date.now() + 600_000)
    const tokens = await usedService(['sex'], SCOPE, { endsAt })
    await makeContractVersion(site.env, service.contractId, 2)
    site.setNow(new Date(Date.now() + 601_000))
    await expect(rp.userinfo(tokens.access_token, resident.userId)).rejects.toMatchObject({
      status: 401,
    })
    await isSilentlyRefused()
    const { attempt, page } = await come()
    expect(banner(page).title).toBe(reasons.expired.title)
    expect(page.text).not.toContain('checked')
    const again = await rp.redeem(attempt, await agree(browser, page, []))
    const claims = await rp.userinfo(again.access_token, resident.userId)
    expect(claims).not.toHaveProperty('gender')
    expect((await history()).map((event) => event.kind)).toContain('expiry')
  })

  test('values changed: asks where somebody is there to answer, and goes on elsewhere', async () => {
    const tokens = await usedService(['address'], `${SCOPE} offline_access`, {})
    const offline = await rp.signIn(browser, person(), `${SCOPE} offline_access`, ['address'], {
      prompt: 'consent',
    })
    await residents.updateProfile(site.env, resident.id, {
      postal_code: '5300001',
      region: '大阪府',
      locality: '大阪市北区',
    })
    const { attempt: silent, page: silently } = await come(SCOPE, { prompt: 'none' })
    const quiet = await rp.redeem(silent, silently)
    const fresh = await rp.refresh(offline.refresh_token ?? '')
    for (const { access_token } of [tokens, quiet, fresh]) {
      const claims = await rp.userinfo(access_token, resident.userId)
      expect(claims['address']).toMatchObject({ locality: '大阪市北区' })
    }
    const { attempt, page } = await come()
    expect(banner(page)).toMatchObject({
      title: reasons.values_changed.title,
      differences: [expect.stringMatching(/^変更郵便番号.*大阪市北区/)],
    })
    expect(itemHtml(page, 'address')).toContain('chip-warn')
    expect(itemHtml(page, 'name')).not.toContain('chip-warn')
    const less = await rp.redeem(attempt, await agree(browser, page, []))
    expect(await rp.userinfo(less.access_token, resident.userId)).not.toHaveProperty('address')
    expect(isScreen((await come()).page)).toBe(false)
  })

  test('values changed: not where only an item changed that was never agreed', async () => {
    await usedService([])
    await residents.updateProfile(site.env, resident.id, { sex: 'other' })
    expect(isScreen((await come()).page)).toBe(false)
  })

  test('withdrawn: says since when, and begins anew', async () => {
    await usedService(['sex'])
    const page = await browser.open(`/account/services/${service.id}/withdraw`)
    await browser.submit(page, { decision: 'withdraw' })
    await isSilentlyRefused()
    const { attempt, page: screen } = await come()
    expect(banner(screen).title).toBe(reasons.withdrawn.title)
    expect(banner(screen).text).toContain('から、何も渡していません')
    expect(screen.text).not.toContain('checked')
    await rp.redeem(attempt, await agree(browser, screen, []))
    expect((await history()).filter((e) => e.kind === 'consent')).toHaveLength(2)
  })

  test('paused by the resident', async () => {
    await usedService([])
    const page = await browser.open(`/account/services/${service.id}/pause`)
    await browser.submit(page, { decision: 'pause' })
    await isSilentlyRefused()
    expect(banner((await come()).page).title).toBe(reasons.paused.title)
  })

  test('paused by the master switch: nothing can be agreed while it is off, and waking asks', async () => {
    const tokens = await usedService([])
    const shown = () => ({
      at: new Date(),
      language: 'ja' as const,
      version: site.env.templates.inForce('id-terms', new Date()).version,
    })
    const turn = (given: boolean) =>
      residents.answerTerms(site.env, resident.id, { kind: 'provision', given, shown: shown() })
    await turn(false)
    await isSilentlyRefused()
    const asleep = await come()
    expect(banner(asleep.page).title).toBe(reasons.paused.title)
    expect(asleep.page.text).toContain(notices.provision_off.title)
    const still = await agree(browser, asleep.page, [])
    expect(still.status).toBe(409)
    expect(still.text).toContain(notices.provision_off.title)
    await turn(true)
    await isSilentlyRefused()
    await expect(rp.userinfo(tokens.access_token, resident.userId)).rejects.toMatchObject({
      status: 401,
    })
    const { attempt, page } = await come()
    expect(page.text).not.toContain(notices.provision_off.title)
    await rp.redeem(attempt, await agree(browser, page, []))
    // The token of the agreement that slept stays dead; a new one was made.
    await expect(rp.userinfo(tokens.access_token, resident.userId)).rejects.toMatchObject({
      status: 401,
    })
  })

  describe('terms changed', () => {
    test('a purpose was added: it is named at its item', async () => {
      await usedService([])
      await makeServiceVersion(site.env, service, 2, { purposes: ['contact'] })
      await isSilentlyRefused()
      const { page } = await come()
      expect(banner(page).title).toBe(reasons.terms_changed.title)
      expect(banner(page).differences).toContain(
        '変更氏名とフリガナの利用目的に「お客様への連絡」が加わりました',
      )
    })

    test('another recipient: both are named, and the old consent yields nothing', async () => {
      const tokens = await usedService([])
      const other = await makeService(site.env)
      await site.env
        .db('services')
        .where({ id: service.id })
        .update({ member_id: other.memberId, contract_id: other.contractId })
      await expect(rp.userinfo(tokens.access_token, resident.userId)).rejects.toMatchObject({
        status: 401,
      })
      await isSilentlyRefused()
      const { attempt, page } = await come()
      expect(banner(page).title).toBe(reasons.terms_changed.title)
      expect(banner(page).differences.join()).toMatch(
        /提供者が「第\d+株式会社」から「第\d+株式会社」に変わりました/,
      )
      await rp.redeem(attempt, await agree(browser, page, []))
    })

    test('another kind of ID', async () => {
      await usedService([])
      await makeContractVersion(site.env, service.contractId, 2, { subjectType: 'pairwise' })
      await isSilentlyRefused()
      const { attempt, page } = await come()
      expect(banner(page).title).toBe(reasons.terms_changed.title)
      expect(banner(page).differences.join()).toContain('IDの種類が「共通のユーザーID」から')
      expect(page.text).not.toContain(resident.userId)
      const tokens = await rp.redeem(attempt, await agree(browser, page, []))
      expect(tokens.claims()?.sub).not.toBe(resident.userId)
    })

    /** Puts another version of the consent text into force. */
    function publish(version: number, change: Template['change']): void {
      const { templates } = site.env
      const first = templates.version('city-platform', 1)
      site.env.templates = templatesOf([
        ...templates.all,
        { ...first, version, change, effectiveOn: '2026-04-02' },
      ])
    }

    test('a new edition of the text asks, one with a notice only does not', async () => {
      const before = site.env.templates
      try {
        await usedService(['sex'])
        publish(2, 'notice')
        expect(isScreen((await come()).page)).toBe(false)
        publish(3, 'ask')
        publish(4, 'notice')
        await isSilentlyRefused()
        const { attempt, page } = await come()
        expect(banner(page).title).toBe(reasons.terms_changed.title)
        expect(banner(page).differences).toEqual(['変更同意の文面が第1版から第4版に変わりました'])
        await rp.redeem(attempt, await agree(browser, page, ['sex']))
        expect(isScreen((await come()).page)).toBe(false)
      } finally {
        site.env.templates = before
      }
    })
  })
})

describe('where a value is missing', () => {
  test('an optional item that is ticked, a required one that is not: says so, keeps the ticks, and can be added on the way', async () => {
    resident = await makeResident(site.env, { postal_code: '', region: '', locality: '', sex: '' })
    service = await makeService(site.env, {
      required: ['email', 'address'],
      optional: ['sex', 'birth_year'],
    })
    rp = await relyingParty(site.issuer, service)
    const { attempt, page } = await come('openid email address sex birth_year')
    expect(itemHtml(page, 'sex')).toContain('登録がありません')
    const again = await agree(browser, page, ['sex', 'birth_year'])
    expect(again.status).toBe(422)
    expect(again.text).toContain(notices.missing.title)
    expect(again.text.match(/<input[^>]*checked[^>]*>/g)).toHaveLength(2)
    expect(await site.env.db('agreements').where({ service_id: service.id })).toEqual([])

    const href = /data-item="address"[\s\S]*?href="([^"]*)"/.exec(again.text)?.[1] ?? ''
    const form = await browser.open(href)
    const wrong = await browser.submit(form, {
      postal_code: '060-0001',
      region: '東京都',
      locality: '札幌市中央区',
    })
    expect(wrong.status).toBe(422)
    const screen = await browser.submit(form, {
      postal_code: '060-0001',
      region: '北海道',
      locality: '札幌市中央区',
      sex: 'female',
    })
    expect(itemHtml(screen, 'address')).toContain('060-0001 北海道札幌市中央区')
    const tokens = await rp.redeem(attempt, await agree(browser, screen, ['sex']))
    expect(await rp.userinfo(tokens.access_token, resident.userId)).toEqual({
      sub: resident.userId,
      email: resident.email,
      email_verified: true,
      gender: 'female',
      address: { postal_code: '060-0001', region: '北海道', locality: '札幌市中央区' },
    })
  })
})

describe('what is asked, and what is not', () => {
  test('prompt=consent always shows the screen, prompt=none never does', async () => {
    await usedService([])
    const { attempt, page } = await come(SCOPE, { prompt: 'consent' })
    expect(banner(page).title).toBe(reasons.asked_by_service.title)
    await rp.redeem(attempt, await agree(browser, page, []))
    const silent = await come(SCOPE, { prompt: 'none' })
    expect(left(silent.page).searchParams.get('code')).toBeTruthy()
  })

  test('an optional item that was declined is not asked for again', async () => {
    await usedService(['sex'])
    const { attempt, page } = await come()
    expect(isScreen(page)).toBe(false)
    const tokens = await rp.redeem(attempt, page)
    expect(scopes(tokens.scope)).toEqual(['email', 'name', 'openid', 'sex'])
  })

  test('a request for less yields less: the scope is what was asked and agreed', async () => {
    await usedService(['birth_year', 'sex', 'address'])
    const { attempt, page } = await come('openid sex')
    const tokens = await rp.redeem(attempt, page)
    expect(scopes(tokens.scope)).toEqual(['openid', 'sex'])
    expect(await rp.userinfo(tokens.access_token, resident.userId)).toEqual({
      sub: resident.userId,
      gender: 'female',
    })
  })

  test('requests do not add up: agreeing to one shows what is in force, and unticking takes it away', async () => {
    const first = await usedService(['birth_year', 'address'], SHORT + ' birth_year address')
    const { attempt, page } = await come('openid sex')
    expect(itemsOn(page)).toEqual(['user_id', 'name', 'email', 'birth_year', 'sex', 'address'])
    const tokens = await rp.redeem(attempt, await agree(browser, page, ['sex', 'birth_year']))
    expect(scopes(tokens.scope)).toEqual(['openid', 'sex'])
    // The token of the first request lost the item at once.
    const claims = await rp.userinfo(first.access_token, resident.userId)
    expect(claims).toHaveProperty('birthdate', '1988')
    expect(claims).not.toHaveProperty('address')
    expect(claims).not.toHaveProperty('gender')
  })

  test('`profile` stands for those of its items that are approved, and the answer says which were granted', async () => {
    await usedService(['sex'], 'openid profile email')
    const { attempt, page } = await come('openid profile email')
    const tokens = await rp.redeem(attempt, page)
    expect(scopes(tokens.scope)).toEqual(['email', 'name', 'openid', 'sex'])
    const all = await come('openid profile email', { prompt: 'consent' })
    const whole = await rp.redeem(
      all.attempt,
      await agree(browser, all.page, ['sex', 'birth_year']),
    )
    expect(scopes(whole.scope)).toEqual(['email', 'openid', 'profile'])
  })
})

test('whoever signs in next is offered all that was asked, whatever the one before had agreed to', async () => {
  await usedService(['sex'], 'openid profile email')
  const next = await makeResident(site.env)
  const attempt = await rp.begin('openid profile email', { prompt: 'login' })
  const page = await browser.signIn(await browser.open(attempt.url.toString()), {
    email: next.email,
    password: PASSWORD,
  })
  expect(itemsOn(page)).toEqual(['user_id', 'name', 'email', 'birth_year', 'sex'])
  const tokens = await rp.redeem(attempt, await agree(browser, page, ['birth_year', 'sex']))
  expect(scopes(tokens.scope)).toEqual(['email', 'openid', 'profile'])
})

describe('refusing', () => {
  test('leads straight back: access_denied, state, iss, and nothing is granted', async () => {
    service = await makeService(site.env)
    rp = await relyingParty(site.issuer, service)
    const { attempt, page } = await come()
    const answer = await refuse(browser, page)
    expect(answer.status).toBe(303)
    const address = left(answer)
    expect(address.origin + address.pathname).toBe(service.redirectUri)
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      error: 'access_denied',
      state: attempt.state,
      iss: site.issuer,
    })
    expect(address.searchParams.get('code')).toBeNull()
    expect(await site.env.db('agreements').where({ service_id: service.id })).toEqual([])
    expect(await site.env.db('oidc_tokens').where({ client_id: service.clientId })).toEqual([])
    expect(await history()).toContainEqual(
      expect.objectContaining({ kind: 'refusal', serviceId: service.id, items: [] }),
    )
    await isSilentlyRefused()
  })

  test('a renewed question leaves the consent in force', async () => {
    const tokens = await usedService(['sex'], 'openid name email sex')
    const { page } = await come()
    expect(errorOf(await refuse(browser, page))).toBe('access_denied')
    const claims = await rp.userinfo(tokens.access_token, resident.userId)
    expect(claims).toHaveProperty('gender')
    expect(claims).not.toHaveProperty('birthdate')
  })

  test('what refusing means can be read before, and answered there', async () => {
    service = await makeService(site.env)
    rp = await relyingParty(site.issuer, service)
    const { page } = await come()
    const href = /href="([^"]*\/refuse\?shown=[^"]*)"/.exec(page.text)?.[1] ?? ''
    const reading = await browser.open(href)
    expect(reading.status).toBe(200)
    expect(reading.text).toContain('性別')
    const action = /<form[^>]*action="([^"]*)"/.exec(reading.text)?.[1] ?? ''
    const answer = await browser.submit(reading, { decision: 'refuse' }, action)
    expect(errorOf(answer)).toBe('access_denied')
  })

  test('leaving at the sign-in page is a refusal as well', async () => {
    service = await makeService(site.env)
    rp = await relyingParty(site.issuer, service)
    const attempt = await rp.begin(SCOPE)
    const page = await browser.open(attempt.url.toString())
    const action = /formaction="([^"]*\/cancel)"/.exec(page.text)?.[1] ?? ''
    const answer = await browser.submit(page, {}, action)
    expect(errorOf(answer)).toBe('access_denied')
    expect(left(answer).searchParams.get('state')).toBe(attempt.state)
  })
})

describe('the record of the screen', () => {
  const hashOf = (page: Page) =>
    createHash('sha256')
      .update(
        (/<main[\s>][\s\S]*<\/main>/.exec(page.text)?.[0] ?? '').replace(
          /<input type="hidden" name="(csrf|shown)"[^>]*>/g,
          '',
        ),
      )
      .digest('hex')

  test('its hash is that of the page as served, and the consent carries it', async () => {
    service = await makeService(site.env)
    rp = await relyingParty(site.issuer, service)
    const { page } = await come()
    const hash = hashOf(page)
    await agree(browser, page, ['sex'])
    const consent = await site.env.db('consents').where({ service_id: service.id }).first()
    expect(consent.page_hash.toString('hex')).toBe(hash)
    const showing = await site.env.db('showings').where({ id: consent.showing_id }).first()
    expect(showing.page_hash.toString('hex')).toBe(hash)
    expect(JSON.parse(showing.canonical)).toMatchObject({ page_hash: hash, language: 'ja' })
    const record = await browser.open(
      `/account/services/${service.id}/showings/${consent.showing_id}`,
    )
    expect(record.text).toContain(hash)
  })

  test('is kept in the language that was read', async () => {
    const reader = new Browser(site.issuer, { 'accept-language': 'en' })
    service = await makeService(site.env)
    rp = await relyingParty(site.issuer, service)
    await rp.signIn(reader, person(), SCOPE, [])
    const consent = await site.env.db('consents').where({ service_id: service.id }).first()
    expect(consent.language).toBe('en')
    const template = site.env.templates.version('city-platform', 1)
    expect(consent.template_hash).toEqual(template.hash.en)
  })
})
