/** Every letter on a consent, a change and a withdrawal has a link of its own by which whoever did not do it stops everything (issue 4, item 6; field 22). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as closing from '../../src/closing/actions.ts'
import * as consents from '../../src/consents/actions.ts'
import { handlers } from '../../src/notices/jobs.ts'
import type { DevMail } from '../../src/notices/model.ts'
import * as residents from '../../src/residents/actions.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD, type MadeResident } from '../support/builders.ts'
import { linkIn, mailsTo, notMeIn, queueIsEmpty } from '../support/mailbox.ts'
import { openSite, type Site } from '../support/site.ts'
import { failToWithdraw } from './failing.ts'
import { codeFor, tokensFor, userinfo } from '../oidc/steps.ts'

const NEW = 'a quite different sentence'
let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

const linksOf = ({ id }: MadeResident) =>
  site.env
    .db('mail_links')
    .where({ resident_id: id, kind: 'not_me' })
    .pluck<Buffer[]>('secret_hash')
const hashOf = (link: string) =>
  createHash('sha256')
    .update(link.split('/').at(-1) ?? '')
    .digest('hex')
const provision = { kind: 'provision', given: false, shown: undefined } as const

/** Everything about one resident's consents and data that a letter tells, and the letters. */
async function told(language: 'ja' | 'en') {
  const resident = { ...(await makeResident(site.env)), language }
  await site.env.db('residents').where({ id: resident.id }).update({ language })
  const [service, other] = [await makeService(site.env), await makeService(site.env)]
  for (const one of [service, other]) await codeFor(new Browser(site.issuer), one, resident)
  const { consent } = (await consents.newest(site.env, resident.id, service.id)) ?? {}
  const keep = consent?.items.map(({ item }) => item) ?? []
  const endsAt = new Date(Date.now() + 20 * 86_400_000)
  await consents.change(site.env, resident, service.id, { version: 1, keep, endsAt })
  await consents.pause(site.env, resident, service.id)
  await consents.withdraw(site.env, resident, service.id)
  const { agreement } = (await consents.newest(site.env, resident.id, other.id)) ?? {}
  const whose = { serviceId: other.id, memberId: other.memberId }
  await consents.endedByService(site.env, whose, agreement?.id ?? '')
  await residents.updateProfile(site.env, resident.id, { given_name: '春子' })
  await residents.answerTerms(site.env, resident.id, provision)
  const self = { residentId: resident.id, sessionUid: '', address: undefined, device: undefined }
  await closing.begin(site.env, self, PASSWORD)
  await queueIsEmpty(site.env)
  return { resident, mails: await mailsTo(site.env, resident.email) }
}

test.each([
  [
    'ja',
    ['同意しました', '内容が変わりました', '休みました', 'まちID：利用を撤回しました'],
    ['アプリから利用の撤回', '登録情報が変わりました', '提供を止めました', 'やめる手続き'],
  ],
  [
    'en',
    ['you agreed', 'a consent was changed', 'is paused', 'you withdrew'],
    ['app ended', 'registered data changed', 'has stopped', 'is being closed'],
  ],
] as const)('each letter has its own, kept as a hash alone (%s)', async (language, one, more) => {
  const { resident, mails } = await told(language)
  for (const about of [...one, ...more]) {
    const mail = mails.find(({ subject }) => subject.includes(about))
    expect([about, notMeIn(mail).startsWith(`${site.issuer}/link/not_me/`)]).toEqual([about, true])
    expect(linkIn(mail)).not.toContain('not_me')
  }
  const links = mails.map(notMeIn)
  const kept = (await linksOf(resident)).map((hash) => hash.toString('hex'))
  expect(kept.toSorted()).toEqual(links.map(hashOf).toSorted())
  const { rows } = await site.env.db.raw<{ rows: { job: string }[] }>(
    `select data::text as job from jobs.job where name = 'notices.mail'`,
  )
  for (const { job } of rows) expect(job).not.toMatch(/link|not_me/)
})

test('a letter that is sent again brings the same link, and makes no other', async () => {
  const resident = await makeResident(site.env)
  const jobs: unknown[] = []
  const queue = {
    ...site.env.queue,
    send: (_: unknown, kind: string, data: object) =>
      Promise.resolve(void (kind === 'notices.mail' && jobs.push(data))),
  }
  await residents.updateProfile({ ...site.env, queue }, resident.id, { given_name: '春子' })
  const ended: string[] = []
  const { 'notices.mail': deliver } = handlers(site.env, (_, about) => {
    ended.push(about)
    return Promise.resolve()
  })
  for (let n = 0; n < 3; n++) await deliver(jobs[0])
  const mails = await mailsTo(site.env, resident.email)
  expect(jobs).toHaveLength(1)
  expect(new Set(mails.map(notMeIn)).size).toBe(1)
  expect(await linksOf(resident)).toHaveLength(1)
  expect(new Set(ended).size).toBe(1)
})

test('it locks although nobody new signed in, leads back by mail, and works once', async () => {
  const resident = await makeResident(site.env)
  const service = await makeService(site.env)
  const owner = new Browser(site.issuer)
  const { access } = await tokensFor(site, owner, service, resident)
  await residents.updateProfile(site.env, resident.id, { given_name: '春子' })
  const letter = async (about: string): Promise<DevMail | undefined> =>
    (await mailsTo(site.env, resident.email, 1, about))[0]
  const given = notMeIn(await letter('同意しました'))
  const changed = notMeIn(await letter('登録情報が変わりました'))
  const reader = new Browser(site.issuer)
  const page = await reader.open(given)
  expect(page.text).toContain('ご自身がしたことだったときは')
  expect((await userinfo(site, access)).status).toBe(200)
  expect((await reader.submit(page, {})).url).toBe(`${site.issuer}/link/not_me/done`)
  expect((await userinfo(site, access)).status).toBe(401)
  expect((await owner.open('/account')).url).not.toBe(`${site.issuer}/account`)
  for (const link of [given, changed]) {
    const over = await new Browser(site.issuer).open(link)
    expect([over.status, over.text.includes('このリンクは使えません')]).toEqual([410, true])
  }
  const form = await reader.open(linkIn(await letter('サインインを止めました')))
  await reader.submit(form, { new_password: NEW })
  const again = await reader.open('/login')
  await reader.submit(again, { email: resident.email, password: NEW })
  expect((await reader.open('/account')).url).toBe(`${site.issuer}/account`)
})

test('it calls off a closing that was begun by somebody else', async () => {
  const { resident, mails } = await told('ja')
  const begun = mails.find(({ subject }) => subject.includes('やめる手続き'))
  const reader = new Browser(site.issuer)
  const page = await reader.open(notMeIn(begun))
  expect(page.text).toContain('それも取りやめます')
  await reader.submit(page, {})
  const { closesAt } = await residents.held(site.env, resident.id)
  expect(closesAt).toBeNull()
  const [letter] = await mailsTo(site.env, resident.email, 1, 'サインインを止めました')
  expect(letter?.text).toContain('やめる手続きは、取りやめました')
})

test('a deed that fails leaves no link', async () => {
  const resident = await makeResident(site.env)
  await failToWithdraw(site.env, resident)
  expect(await linksOf(resident)).toEqual([])
})
