/** The resident's own pages: registered items and the two master switches (R4, S-56). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as residents from '../../src/residents/actions.ts'
import { Browser, hidden, type Page } from '../support/browser.ts'
import { makeResident, PASSWORD, type MadeResident } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site

beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

async function signedIn(profile: Record<string, string> = {}, provision = true) {
  const person = await makeResident(site.env, profile, provision)
  const browser = new Browser(site.issuer)
  await browser.signIn(await browser.open('/login'), { email: person.email, password: PASSWORD })
  return { person, browser }
}

const save = async (browser: Browser, fields: Record<string, string>): Promise<Page> =>
  browser.submit(await browser.open('/account/profile'), fields, '/account/profile')
const changesOf = ({ id }: MadeResident) =>
  site.env.db('resident_changes').where({ resident_id: id }).orderBy('at').pluck<string[]>('what')

describe('/account', () => {
  test('shows what is registered, in full, with the user ID', async () => {
    const { person, browser } = await signedIn()
    const { text } = await browser.open('/account')
    for (const value of [
      person.email,
      person.userId,
      '山田 花子',
      'ヤマダ ハナコ',
      '1988',
      '女性',
      '060-0001 北海道札幌市中央区',
    ])
      expect(text).toContain(value)
    expect(text).not.toContain('おすすめの手続')
  })

  test('names what is missing, and leads to it', async () => {
    const { browser } = await signedIn(
      { family_name_kana: '', given_name_kana: '', postal_code: '', region: '', locality: '' },
      false,
    )
    const { text } = await browser.open('/account')
    expect(text).toContain('フリガナを登録する')
    expect(text).toContain('お住まいを登録する')
    expect(text).toContain('href="#provision"')
    expect(text).not.toContain('お名前を登録する')
  })

  test('nobody sees another person’s, and nobody signed out sees any', async () => {
    const { browser } = await signedIn()
    const other = await makeResident(site.env)
    expect((await browser.open('/account')).text).not.toContain(other.userId)
    expect((await new Browser(site.issuer).request('/account')).status).toBe(303)
  })
})

describe('/account/profile', () => {
  test('adds, corrects and takes back; the history tells what, never the value', async () => {
    const { person, browser } = await signedIn()
    const page = await save(browser, { given_name_kana: 'はなえ', given_name: '花枝' })
    expect(page.text).toContain('登録情報を変えました')
    expect((await residents.find(site.env, person.id))?.profile).toMatchObject({
      given_name: '花枝',
      given_name_kana: 'ハナエ',
      family_name: '山田',
    })
    await save(browser, { sex: '', birth_year: '' })
    const { profile } = (await residents.find(site.env, person.id)) ?? {}
    expect(profile).not.toHaveProperty('sex')
    expect(profile).not.toHaveProperty('birth_year')
    expect((await changesOf(person)).toSorted()).toEqual(['birth_year', 'name', 'sex'])
    await save(browser, { sex: '' })
    expect(await changesOf(person)).toHaveLength(3)
  })

  test('618-0000 can be corrected by hand to the other municipality', async () => {
    const { person, browser } = await signedIn()
    const form = await browser.open('/account/profile')
    const filled = await browser.submit(
      form,
      { postal_code: '618-0000', lookup: 'address' },
      '/account/profile',
    )
    expect(filled.text).toContain('乙訓郡大山崎町')
    await browser.submit(
      filled,
      { postal_code: '618-0000', region: '大阪府', locality: '島本町' },
      '/account/profile',
    )
    expect((await residents.find(site.env, person.id))?.profile).toMatchObject({
      postal_code: '6180000',
      region: '大阪府',
      locality: '三島郡島本町',
    })
  })

  test('a change of the year of birth checks the age', async () => {
    const { person, browser } = await signedIn()
    const page = await save(browser, { birth_year: String(new Date().getFullYear() - 10) })
    expect(page.status).toBe(403)
    expect((await residents.find(site.env, person.id))?.profile.birth_year).toBe('1988')
  })

  test('a wrong value is said at its field and the rest is kept', async () => {
    const { person, browser } = await signedIn()
    const page = await save(browser, {
      family_name: '鈴木',
      locality: '札幌市',
      postal_code: '0600001',
      region: '北海道',
    })
    expect(page.status).toBe(422)
    expect(page.text).toContain('href="#locality"')
    expect(page.text).toContain('value="鈴木"')
    expect((await residents.find(site.env, person.id))?.profile.family_name).toBe('山田')
  })

  test('changes at the same moment do not undo each other', async () => {
    const { person } = await signedIn()
    await Promise.all([
      residents.updateProfile(site.env, person.id, { family_name: '佐藤' }),
      residents.updateProfile(site.env, person.id, { birth_year: '1990' }),
      residents.updateProfile(site.env, person.id, { sex: 'other' }),
    ])
    expect((await residents.find(site.env, person.id))?.profile).toMatchObject({
      family_name: '佐藤',
      birth_year: '1990',
      sex: 'other',
    })
  })
})

describe('the master switch (S-56)', () => {
  const answer = async (browser: Browser, page: Page, given: 'yes' | 'no') => {
    const { csrf = '' } = hidden(page)
    return browser.follow(await browser.post('/account/terms', { csrf, kind: 'provision', given }))
  }
  const turn = async (browser: Browser, given: 'yes' | 'no') =>
    answer(browser, await browser.open('/account'), given)

  test('stops and starts, each as a row of its own', async () => {
    const { person, browser } = await signedIn()
    expect((await turn(browser, 'no')).text).toContain('消えずに眠っています')
    expect(await residents.provisionTerms(site.env, person.id)).toMatchObject({ given: false })
    await turn(browser, 'no')
    expect((await turn(browser, 'yes')).text).toContain('あらためてうかがいます')
    const rows = (await site.env
      .db('resident_terms')
      .where({ resident_id: person.id, kind: 'provision' })
      .orderBy('at')) as { given: boolean; at: Date; shown_at: Date }[]
    expect(rows.map((row) => row.given)).toEqual([true, false, true])
    for (const row of rows) expect(row.shown_at.getTime()).toBeLessThan(row.at.getTime())
  })

  test('agreeing needs a page that showed the text in force; stopping needs nothing', async () => {
    const { person, browser } = await signedIn()
    await turn(browser, 'no')
    const page = await browser.open('/account')
    browser.jar.delete('shown|/account')
    expect((await answer(browser, page, 'yes')).status).toBe(409)
    expect((await residents.provisionTerms(site.env, person.id))?.given).toBe(false)
    await turn(browser, 'yes')
    const again = await browser.open('/account')
    browser.jar.delete('shown|/account')
    expect((await answer(browser, again, 'no')).status).toBe(200)
  })

  test('a cookie that was tampered with proves nothing', async () => {
    const { browser } = await signedIn({}, false)
    const page = await browser.open('/account')
    const shown = browser.jar.get('shown|/account')
    if (!shown) throw new Error('no cookie')
    browser.jar.set('shown|/account', { ...shown, value: '1.ja.1' })
    expect((await answer(browser, page, 'yes')).status).toBe(409)
  })
})

test('the language of the account changes its pages and mails', async () => {
  const { person, browser } = await signedIn()
  const page = await browser.submit(await browser.open('/account/language'), { language: 'en' })
  expect(page.text).toContain('<html lang="en">')
  expect((await residents.find(site.env, person.id))?.language).toBe('en')
})
