/** The resident's timeline: everything that happened, in plain words, with what was asked, given and why not the rest. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { messages } from '../../src/locales/index.ts'
import * as audit from '../../src/audit/actions.ts'
import * as ending from '../../src/consents/ending.ts'
import * as stopping from '../../src/members/stopping.ts'
import * as operators from '../../src/operators/actions.ts'
import * as residents from '../../src/residents/actions.ts'
import { authorizePath } from '../oidc/steps.ts'
import { Browser, itemsOn } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  type MadeResident,
} from '../support/builders.ts'
import { makeOperator, makeStaff } from '../support/people.ts'
import { agree, refuse } from '../support/relying-party.ts'
import { openSite, type Site } from '../support/site.ts'
import { history, linesOn, signedIn, textOf, used } from './steps.ts'

const HOUR = 3_600_000
const h = messages.ja.history

let site: Site
let resident: MadeResident
let browser: Browser
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())
afterEach(() => site.setNow(undefined))
beforeEach(async () => {
  resident = await makeResident(site.env)
  browser = new Browser(site.issuer)
})

const use = (picked?: string[], asked = {}) => used(site, { resident, browser }, picked, asked)

describe('the timeline', () => {
  test('has an entry per event, newest first, the same for people and programs', async () => {
    const it = await use(['sex'])
    const page = await browser.open(`${it.at}/change`)
    await browser.submit(page, [
      ...itemsOn(page)
        .filter((id) => id !== 'sex')
        .map((id): [string, string] => ['item', id]),
      ['decision', 'change'],
    ])
    await it.claims()
    await residents.updateProfile(site.env, resident.id, { sex: 'other' })
    await browser.submit(await browser.open(`${it.at}/pause`), { decision: 'pause' })
    await refuse(browser, await browser.open(`${it.at}/resume`))
    await agree(browser, await browser.open(`${it.at}/resume`), [])
    await browser.submit(await browser.open(`${it.at}/withdraw`), { decision: 'withdraw' })
    const events = await history(browser)
    const all = events.map((event) => event.kind)
    expect(all).toContain('terms')
    expect(all.filter((kind) => !['terms', 'account'].includes(kind))).toEqual([
      'withdrawal',
      'consent',
      'refusal',
      'pause',
      'profile',
      'provision', // userinfo after the change
      'change',
      'provision', // userinfo
      'provision', // ID token
      'consent',
    ])
    const times = events.map((event) => event.at)
    expect(times).toEqual(times.toSorted().reverse())
    expect(events.findLast((event) => event.kind === 'consent')).toEqual({
      id: expect.any(String),
      kind: 'consent',
      at: expect.any(String),
      serviceId: it.service.id,
      service: expect.any(String),
      provider: expect.any(String),
      items: ['user_id', 'name', 'email', 'sex'],
      endsAt: expect.any(String),
      declined: ['birth_year', 'address'],
    })
    const sent = events.filter((event) => event.kind === 'provision')
    expect(sent.map((event) => [event['path'], event.items])).toEqual([
      ['userinfo', ['user_id', 'name', 'email']],
      ['userinfo', ['user_id', 'name', 'sex', 'email']], // in the order of the catalogue
      ['id_token', ['user_id']],
    ])
    expect(JSON.stringify(events)).not.toMatch(/山田|ヤマダ|(?<![\w-])1988(?![\w-])/)

    const shown = await browser.open('/account/history')
    expect(linesOn(shown)).toBe(events.length)
    expect(textOf(shown.text)).toContain('渡さなかった情報：生まれた年')
    expect(textOf(shown.text)).toContain('お客様が選んでいません')
    const only = async (query: string) => (await history(browser, `?${query}`)).map((e) => e.kind)
    expect(await only('kind=withdrawal')).toEqual(['withdrawal'])
    expect(await only(`service=${it.service.id}&kind=consent`)).toEqual(['consent', 'consent'])
  })

  test('tells what happened to the account itself', async () => {
    await use([])
    await residents.endOtherSignIns(site.env, resident.id)
    browser = await signedIn(site, resident)
    const account = await history(browser, '?kind=account')
    expect(account.map((event) => String(event.items)).toSorted()).toEqual([
      'created',
      'signed_out',
      'verified',
    ])
    expect(new Set(account.map((event) => event.id)).size).toBe(3)
    const page = await browser.open('/account/history?kind=account')
    expect(page.text).toContain('ほかの端末をサインアウトしました')
    expect(page.text).not.toContain('session')
  })

  test('tells a pairwise service apart', async () => {
    await use([], { subjectType: 'pairwise' })
    const own = await browser.open('/account/history?kind=provision')
    expect(linesOn(own)).toBe(2)
    const sentences = own.text.slice(own.text.indexOf('class="when"'))
    expect(sentences).toContain(messages.ja.consents.idKinds.pairwise)
    expect(sentences).not.toContain(messages.ja.consents.idKinds.public)
  })

  test('keeps a request that was broken off at the consent screen, once, however often it was reloaded', async () => {
    browser = await signedIn(site, resident)
    const service = await makeService(site.env, { name: '途中でやめた店' })
    const screen = await browser.open(authorizePath(service, { scope: 'openid name email sex' }))
    await browser.open(screen.url)
    expect(await history(browser, '?kind=unanswered')).toEqual([])
    site.setNow(new Date(Date.now() + HOUR))
    const [left, ...more] = await history(browser, '?kind=unanswered')
    expect(more).toEqual([])
    expect(left).toMatchObject({ serviceId: service.id, items: [] })
    expect(left?.['asked']).toEqual(['user_id', 'name', 'email', 'sex'])
    const page = textOf((await browser.open('/account/history?kind=unanswered')).text)
    expect(page).toContain('画面に回答がありませんでした。何も渡していません。')
    expect(page).toContain('求められた情報：')
  })

  test('an answered request is not one that was broken off', async () => {
    const it = await use([])
    await refuse(browser, await browser.open(authorizePath(it.service, { prompt: 'consent' })))
    site.setNow(new Date(Date.now() + HOUR))
    expect((await history(browser)).map((e) => e.kind)).not.toContain('unanswered')
    const [refused] = await history(browser, '?kind=refusal')
    expect(refused?.['asked']).toEqual(['user_id', 'name', 'email'])
  })
})

describe('what was asked for and not given', () => {
  test('names the reason for each item: no value, not approved any more, as often as allowed', async () => {
    const it = await use(['sex', 'address'], { bounds: { address: { pullsPerMonth: 1 } } })
    await residents.updateProfile(site.env, resident.id, { sex: '' })
    await makeServiceVersion(site.env, it.service, 2, {
      required: ['name'],
      optional: ['sex', 'address'],
    })
    await it.claims()
    const [last] = await history(browser, '?kind=provision')
    expect(last?.items).toEqual(['user_id', 'name'])
    expect(last?.['withheld']).toEqual({ sex: 'no_value', email: 'not_approved', address: 'bound' })
    const page = textOf((await browser.open('/account/history?kind=provision')).text)
    for (const why of [h.whyNot.no_value, h.whyNot.not_approved, h.whyNot.bound])
      expect(page).toContain(why)
    const { rows } = await site.env.db.raw<{ rows: { canonical: string }[] }>(
      `select canonical from provision_records where id = ?`,
      [last?.id ?? ''],
    )
    expect(JSON.parse(rows[0]?.canonical ?? '').withheld).toEqual(last?.['withheld'])
  })

  test('a request that gets nothing is kept once a day for each reason', async () => {
    const it = await use([])
    await makeContractVersion(site.env, it.service.contractId, 2, {
      endsAt: new Date('2026-05-01'),
    })
    for (let n = 0; n < 3; n++) await expect(it.claims()).rejects.toThrow()
    expect((await history(browser, '?kind=denial')).map((e) => e['why'])).toEqual([
      'contract_not_in_force',
    ])
    const page = await browser.open('/account/history?kind=denial')
    expect(textOf(page.text)).toContain(`${h.denials.contract_not_in_force}、何も渡していません。`)
    await browser.submit(await browser.open(`${it.at}/withdraw`), { decision: 'withdraw' })
    await expect(it.claims()).rejects.toThrow()
    expect((await history(browser, '?kind=denial')).map((e) => e['why'])).toEqual([
      'ended',
      'contract_not_in_force',
    ])
  })

  test('an unknown token writes nothing', async () => {
    const before = await site.env.db('provision_refusals').count()
    const answer = await browser.request('/userinfo', { headers: { authorization: 'Bearer x' } })
    expect(answer.status).toBe(401)
    expect(await site.env.db('provision_refusals').count()).toEqual(before)
  })
})

describe('those who looked', () => {
  test('are told by their part, never by name', async () => {
    browser = await signedIn(site, resident)
    const operator = await makeOperator(site.env, ['privacy_officer'])
    await operators.viewPerson(site.env, operator.person.id, {
      object: { kind: 'resident', id: resident.id },
      reason: '問い合わせの電話に答えるため',
    })
    const seen = await history(browser, '?kind=view')
    expect(seen).toHaveLength(1)
    const page = await browser.open('/account/history?kind=view')
    expect(textOf(page.text)).toContain('の担当者（個人情報保護）が、お客様の情報を見ました。')
    expect(page.text + JSON.stringify(seen)).not.toContain(operator.name)
    expect(page.text + JSON.stringify(seen)).not.toContain('電話に答える')
  })

  test('staff are told by their company alone, and an unknown act by its name', async () => {
    browser = await signedIn(site, resident)
    const service = await makeService(site.env)
    const staff = await makeStaff(site.env, service.memberId)
    await audit.record(site.env, {
      actor: { kind: 'staff', id: staff.person.id },
      act: 'rooms.some_act',
      object: { kind: 'resident', id: resident.id },
    })
    const page = textOf((await browser.open('/account/history?kind=view')).text)
    expect(page).toMatch(
      /第\d+株式会社の担当者が、お客様の情報を扱いました（操作 rooms.some_act）。/,
    )
    expect(page).not.toContain(staff.name)
  })

  test('what others did about the same person is no view', async () => {
    browser = await signedIn(site, resident)
    expect(await history(browser, '?kind=view')).toEqual([])
  })
})

describe('what the consortium and the companies did', () => {
  test('a stop and its end are told to those whose consent was in force then', async () => {
    const it = await use([])
    const subject = {
      kind: 'member' as const,
      id: it.service.memberId,
      memberId: it.service.memberId,
      names: { ja: '試験の会社', en: 'Company of the test' },
    }
    const registrar = await makeOperator(site.env, ['registrar'])
    const approver = await makeOperator(site.env, ['approver'])
    const turn = async (aim: 'suspend' | 'lift') => {
      const body = {
        aim,
        reason: aim === 'lift' ? ('resolved' as const) : ('security' as const),
        residents: { ja: '調べが終わるまで止めます。', en: '' },
        company: '原因を報告してください。',
        effectiveAt: null,
      }
      const { id, hash } = await stopping.propose(site.env, subject, body, registrar.person)
      await stopping.approve(site.env, subject, { id, hash, by: approver.person })
    }
    await turn('suspend')
    const page = textOf((await browser.open('/account/history?kind=stop')).text)
    expect(page).toContain('安全上の問題が見つかったため停止されました。')
    expect(page).toContain('調べが終わるまで止めます。')
    await turn('lift')
    const stops = await history(browser, `?kind=stop&service=${it.service.id}`)
    expect(stops).toHaveLength(2)
    expect(new Set(stops.map(({ id }) => id)).size).toBe(2)
    const stranger = await signedIn(site, await makeResident(site.env))
    expect(await history(stranger, '?kind=stop')).toEqual([])
  })

  test('a withdrawal in the service itself is told as one', async () => {
    const it = await use([])
    const known = await residents.find(site.env, resident.id)
    if (!known) throw new Error('no resident')
    await ending.withdrawByService(site.env, known, it.service.id)
    const page = textOf((await browser.open('/account/history?kind=withdrawal')).text)
    expect(page).toContain('の画面から、利用が撤回されました。')
    expect(page).not.toContain('お客様が、')
  })
})
