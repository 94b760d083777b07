/** Letters about a consent: what stands now, whom to ask, how to stop, and the signed receipt (S-34, field 12, 22). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as consents from '../../src/consents/actions.ts'
import * as receipts from '../../src/receipts/actions.ts'
import * as residents from '../../src/residents/actions.ts'
import type { DevMail } from '../../src/notices/model.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService } from '../support/builders.ts'
import { linkIn, mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { openSite, type Site } from '../support/site.ts'
import { failToWithdraw } from './failing.ts'
import { codeFor } from '../oidc/steps.ts'

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())

/** The year stands between words: the ids in links and numbers may hold its digits. */
const VALUES = /山田|花子|ヤマダ|ハナコ|(?<![\w-])1988(?![\w-])|北海道|札幌/

/** What the signed receipt in a mail says. */
async function receiptIn(mail: DevMail | undefined) {
  expect(mail?.attachments).toHaveLength(1)
  const [file] = mail?.attachments ?? []
  expect(file?.name).toMatch(/^receipt-[0-9a-f-]{36}\.jws$/)
  const checked = await receipts.check(site.env, file?.text ?? '')
  if (!checked.ok) throw new Error(checked.why)
  const { consent_event: event, pii_processing: processing } = checked.receipt
  return { state: event.event_state, items: processing.pii_information.map(({ item }) => item) }
}

test('agreed, narrowed, paused, resumed, withdrawn: each is told with its receipt', async () => {
  const resident = await makeResident(site.env)
  const service = await makeService(site.env)
  const ask = () => codeFor(new Browser(site.issuer), service, resident)
  const letter = async (about: string, count = 1) =>
    (await mailsTo(site.env, resident.email, count, about)).at(-1)
  await ask()
  const given = await letter('同意しました')
  const { agreement, consent } = (await consents.newest(site.env, resident.id, service.id)) ?? {}
  const receipt = await receiptIn(given)
  expect(receipt.state).toBe('given')
  expect(receipt.items.toSorted()).toEqual(consent?.items.map(({ item }) => item).toSorted())
  expect(linkIn(given)).toBe(`${site.issuer}/account/receipts/${consent?.id}`)
  expect(given?.text).toMatch(/期限：\d{4}年.*まで/)
  expect(given?.text).toContain('利用を撤回する')
  expect(given?.text).toMatch(/サービスの窓口：\S+ \S+/)
  expect(agreement?.endedAt).toBeNull()

  const endsAt = new Date(Date.now() + 20 * 86_400_000)
  const keep = consent?.items.map(({ item }) => item) ?? []
  await consents.change(site.env, resident, service.id, { version: 1, keep, endsAt })
  expect((await receiptIn(await letter('内容が変わりました'))).state).toBe('changed')

  await consents.pause(site.env, resident, service.id)
  expect(await receiptIn(await letter('休みました'))).toEqual({ state: 'paused', items: [] })
  await ask()
  expect((await receiptIn(await letter('同意しました', 2))).state).toBe('given')
  await consents.withdraw(site.env, resident, service.id)
  const withdrawn = await letter('撤回しました')
  expect(await receiptIn(withdrawn)).toEqual({ state: 'withdrawn', items: [] })
  expect(withdrawn?.text).not.toContain('削除')
  const all = await mailsTo(site.env, resident.email)
  for (const { text, html, subject } of all) expect(subject + text + html).not.toMatch(VALUES)
})

test.each([
  ['ja', '撤回しました', /渡った情報の削除も依頼しました。答えの期限：\d{4}年.*まで/],
  [
    'en',
    'withdrew',
    /Erasure of what was passed on is asked for as well\. To be answered by .*\d{4}/,
  ],
] as const)(
  'what is to be erased stands in the letter of the end, with its deadline (%s)',
  async (language, about, said) => {
    const resident = { ...(await makeResident(site.env)), language }
    const service = await makeService(site.env)
    await codeFor(new Browser(site.issuer), service, resident)
    await consents.withdraw(site.env, resident, service.id, true)
    const [mail] = await mailsTo(site.env, resident.email, 1, about)
    expect(mail?.text).toMatch(said)
    expect(mail?.html).toMatch(said)
  },
)

test('what changed of the registered data is told by name, without the values', async () => {
  const resident = await makeResident(site.env)
  await residents.updateProfile(site.env, resident.id, { given_name: '春子', sex: '' })
  await residents.updateProfile(site.env, resident.id, { given_name: '春子' })
  await residents.answerTerms(site.env, resident.id, {
    kind: 'provision',
    given: false,
    shown: undefined,
  })
  await queueIsEmpty(site.env)
  const mails = await mailsTo(site.env, resident.email, 1, '登録情報が変わりました')
  expect(mails).toHaveLength(1)
  expect(mails[0]?.text).toContain('・氏名とフリガナ\n・性別')
  expect(mails[0]?.text).not.toMatch(/春子|山田/)
  const [stopped] = await mailsTo(site.env, resident.email, 1, '提供を止めました')
  expect(stopped?.text).toContain('どのサービスへも何も渡りません')
})

test('a consent that fails tells nobody', async () => {
  const resident = await makeResident(site.env)
  await failToWithdraw(site.env, resident)
  await queueIsEmpty(site.env)
  expect(await mailsTo(site.env, resident.email, 0)).toEqual([])
})
