/** The preview is the real consent screen with an invented person, and nothing can be answered there (M4, S-28, F9). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as reviews from '../../src/reviews/actions.ts'
import * as review from '../../src/services/review.ts'
import { bodyOfReview } from '../../src/services/review_model.ts'
import { asksConsent, authorizePath } from '../oidc/steps.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD, type MadeService } from '../support/builders.ts'
import { makeOperator, makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { allApproved, allFound, draftOf, handIn, item } from '../support/proposals.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let company: MadeService
let staff: SignedInPerson
let registrar: SignedInPerson
let approver: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  company = await makeService(site.env, {
    required: ['name', 'email'],
    optional: ['sex', 'address'],
  })
  staff = await makeStaff(site.env, company.memberId, 'developer')
  registrar = await makeOperator(site.env, ['registrar'])
  approver = await makeOperator(site.env, ['approver'])
})
afterAll(() => site.close())

function as(who: SignedInPerson, language = 'ja') {
  const browser = new Browser(site.issuer, { 'accept-language': language })
  signIn(browser, who)
  return browser
}

const SAMPLE = {
  email: 'mihon@example.jp',
  family_name: '見本',
  given_name: '花子',
  family_name_kana: 'ミホン',
  given_name_kana: 'ハナコ',
  birth_year: '1990',
  sex: 'female',
  postal_code: '0600001',
  region: '北海道',
  locality: '札幌市中央区',
}

const mainOf = (text: string) => /<main[\s>][\s\S]*<\/main>/.exec(text)?.[0] ?? ''

/** Without what marks a preview, and without what belongs to one request: tokens, the way back, the user ID. */
function bare(text: string): string {
  return mainOf(text)
    .replace(/<div class="banner banner-warn" data-preview>[\s\S]*?<\/div><\/div>\s*/, '')
    .replace(/<form class="sheet"[^>]*>/, '<form>')
    .replace(/<input type="hidden"[^>]*>/g, '')
    .replace(/href="(\/interaction\/[^"]*|#main)"/g, 'href=""')
    .replace(/MC(-[0-9A-Z]{4,5})+/g, 'USER-ID')
    .replace(/<form>\s+/, '<form>')
}

describe('the same page', () => {
  test.each(['ja', 'en'])('in %s, to the letter of its main part', async (language) => {
    const resident = await makeResident(site.env, { ...SAMPLE, email: `m${language}@example.jp` })
    const browser = new Browser(site.issuer, { 'accept-language': language })
    const scope = 'openid name email sex address'
    const login = await browser.open(authorizePath(company, { scope, ui_locales: language }))
    const real = await browser.signIn(login, { email: resident.email, password: PASSWORD })
    expect(asksConsent(real)).toBe(true)
    const seen = await as(staff).open(
      `/company/services/${company.id}/preview?language=${language}`,
    )
    expect(seen.status).toBe(200)
    const expected = bare(real.text).replaceAll(resident.email, SAMPLE.email)
    expect(bare(seen.text)).toBe(expected)
    expect(expected).toContain(language === 'ja' ? '同意してはじめる' : 'Agree')
  })

  test('a look in another language leaves every other page as it was', async () => {
    const browser = as(staff)
    const preview = `/company/services/${company.id}/preview`
    const english = await browser.open(`${preview}?language=en`)
    expect(english.text).toContain('<html lang="en"')
    expect(english.text).toContain(`${preview}?language=ja`)
    expect((await browser.open('/company')).text).toContain('<html lang="ja"')
  })

  test('what is public of a service is linked only where there is such a page', async () => {
    const asked = await draftOf(site.env, company)
    const proposal = await handIn(site.env, asked, {
      memberId: company.memberId,
      by: staff.person,
    })
    const fresh = await as(registrar).open(`/admin/reviews/${proposal.id}/preview?language=ja`)
    expect(fresh.status).toBe(200)
    expect(fresh.text).not.toContain('#statements')
    const known = await as(staff).open(`/company/services/${company.id}/preview?language=ja`)
    expect(known.text).toContain(`/services/${company.id}#statements`)
  })

  test('marked as a preview, without a token, and no form of it posts anywhere', async () => {
    const page = await as(staff).open(`/company/services/${company.id}/preview?language=ja`)
    const main = mainOf(page.text)
    expect(main).toContain('これは下見です')
    expect(main).toContain('method="dialog"')
    expect(main).not.toContain('name="csrf"')
    expect(main).not.toContain('name="shown"')
    expect(
      await site.env.db('showings').where({ service_id: company.id, interaction_uid: null }),
    ).toEqual([])
  })
})

describe('a proposal', () => {
  const NASTY = '<img src=x onerror=alert(1)> {{7*7}} ${7*7}'
  const both = (text: string) => ({ ja: text, en: text })

  test('shows what is asked, literally, to its own company and to operators alone', async () => {
    const asked = await draftOf(site.env, company, {
      descriptions: both(NASTY),
      items: [item('user_id', true), { ...item('email', true), reasons: both(NASTY) }],
    })
    const proposal = await handIn(site.env, asked, { memberId: company.memberId, by: staff.person })
    const own = `/company/services/${proposal.subjectId}/preview`
    for (const page of [
      await as(staff).open(own),
      await as(registrar).open(`/admin/reviews/${proposal.id}/preview?language=en`),
    ]) {
      expect(page.status).toBe(200)
      expect(page.text).toContain('&lt;img src=x onerror=alert(1)&gt; {{7*7}} ${7*7}')
      expect(page.text).not.toContain('<img src=x')
    }
    const other = await makeService(site.env)
    const stranger = as(await makeStaff(site.env, other.memberId))
    const nothing = await stranger.open(`/company/services/${site.env.newId()}/preview`)
    const foreign = await stranger.open(own)
    expect([foreign.status, nothing.status]).toEqual([404, 404])
    expect((await new Browser(site.issuer).open(own)).url).toContain('/company/login')
  })

  test('of a next version: asked again with the difference, and residents see none of it before approval (F9)', async () => {
    const text = '書き直した理由です'
    const { client } = await draftOf(site.env, company)
    const asked = await draftOf(site.env, company, {
      client: { ...client, redirectUris: [company.redirectUri] },
      items: [
        item('user_id', true),
        item('name', true),
        { ...item('email', true, ['service_delivery', 'contact']), reasons: both(text) },
        item('sex', false),
        item('address', false),
      ],
    })
    const given = { memberId: company.memberId, by: staff.person, serviceId: company.id }
    const handed = await handIn(site.env, asked, given)
    const again = await as(staff).open(
      `/company/services/${company.id}/preview?language=ja&state=again`,
    )
    expect(again.text).toContain('の利用目的に「お客様への連絡」が加わりました')
    expect(again.text).toContain('chip-warn')
    const resident = await makeResident(site.env)
    const real = async () => {
      const browser = new Browser(site.issuer)
      const login = await browser.open(authorizePath(company, { scope: 'openid name email' }))
      return browser.signIn(login, { email: resident.email, password: PASSWORD })
    }
    expect((await real()).text).not.toContain(text)
    const seen = { id: handed.id, hash: handed.hash, by: registrar.person }
    const results = allApproved(asked, {
      email: { bounds: { pullsPerMonth: 2, purposeWords: { ja: '連絡だけ', en: 'Contact only' } } },
    })
    const proposal = await review.examine(site.env, seen, {
      kind: 'third_party',
      results,
      clauses: allFound(),
    })
    const examined = await as(approver).open(`/admin/reviews/${proposal.id}/preview?language=ja`)
    expect(examined.text).toContain('1か月に2回まで')
    expect(examined.text).toContain('連絡だけ')
    expect(examined.text).not.toContain(text)
    expect((await real()).text).not.toContain('1か月に2回まで')
    await review.approve(site.env, { id: proposal.id, hash: proposal.hash, by: approver.person })
    const after = await real()
    expect(after.text).toContain('1か月に2回まで')
    expect(after.text).toContain(asked.names.ja)
  })

  test('that is half written says so, and breaks nothing', async () => {
    const { names, key, contract, kind } = await draftOf(site.env, company)
    const body = bodyOfReview({ asked: { names, key, contract, kind } as never })
    const subjectId = site.env.newId()
    await reviews.draft(site.env, {
      kind: 'service',
      subjectId,
      memberId: company.memberId,
      body,
      by: staff.person,
    })
    const page = await as(staff).open(`/company/services/${subjectId}/preview`)
    expect(page.status).toBe(409)
    expect(page.text).toContain('draft_incomplete')
  })
})
