/** The desk (A8): who sees what, deciding with article and letter, stopping provision, extending, reminders, reports. */
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import pg from 'pg'
import * as closing from '../../src/closing/actions.ts'
import * as consents from '../../src/consents/actions.ts'
import { today } from '../../src/desk/actions.ts'
import { demoInstallation } from '../../src/installation.ts'
import { addDays } from '../../src/input/business_days.ts'
import { dayOf, endOfDay } from '../../src/input/days.ts'
import * as ledger from '../../src/ledger/actions.ts'
import { rowsOf } from '../../src/ledger/reading.ts'
import { verify } from '../../src/ledger/verify.ts'
import { forgetAccount } from '../../src/oidc/jobs.ts'
import * as members from '../../src/members/actions.ts'
import * as rights from '../../src/rights/actions.ts'
import { timetable } from '../../src/rights/jobs.ts'
import type { CaseNow } from '../../src/rights/model.ts'
import { Browser, type Page } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  makeServiceVersion,
  PASSWORD,
  type MadeResident,
} from '../support/builders.ts'
import { mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { makeOperator, makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { refresh, OFFLINE, tokensFor, userinfo } from '../oidc/steps.ts'

let site: Site
let officer: SignedInPerson
let desk: Browser

beforeAll(async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'machi-rights-')), 'installation.json')
  writeFileSync(file, JSON.stringify({ ...demoInstallation, rights: { profile: 'national' } }))
  site = await openSite({ INSTALLATION_FILE: file })
  officer = await makeOperator(site.env, ['privacy_officer'])
  desk = as(officer)
})
afterAll(() => site.close())

function as(person: SignedInPerson): Browser {
  const browser = new Browser(site.issuer)
  signIn(browser, person)
  return browser
}
async function signedIn(resident: MadeResident): Promise<Browser> {
  const browser = new Browser(site.issuer)
  await browser.signIn(await browser.open('/login'), { email: resident.email, password: PASSWORD })
  return browser
}

const ajv = new Ajv({ allErrors: true, strict: true, strictTuples: false })
addFormats.default(ajv)
const schema = new URL('../../docs/receipt.schema.json', import.meta.url)
const checkReceipt = ajv.compile(JSON.parse(readFileSync(schema, 'utf8')) as object)
/** What the published schema says against a receipt. */
function receiptFaults(receipt: object) {
  checkReceipt(receipt)
  return checkReceipt.errors ?? []
}

type Asked = Partial<Parameters<typeof rights.file>[2]['filed']>
/** A request as the form would make it. */
async function ask(resident: MadeResident, filed: Asked = {}): Promise<CaseNow> {
  const identityCheck = site.env.newId()
  return rights.file(site.env, resident, {
    identityCheck,
    filed: {
      ...{ kind: 'correction', subject: 'other', serviceId: null, items: [] },
      ...{ fromDay: null, toDay: null, method: null, once: site.env.newId() },
      words: { what: '金糸雀の記録' },
      ...filed,
    },
  })
}
const at = (of: CaseNow, rest = '') => `/admin/requests/${of.id}${rest}`
const now = async (of: CaseNow) => (await rights.anyCase(site.env, of.id)).of
const errorAt = (page: Page, name: string) =>
  new RegExp(`<p class="error" id="${name}-e">([^<]*)</p>`).exec(page.text)?.[1]
const inDays = (days: number) => addDays(dayOf(new Date()), days)
const take = async (of: CaseNow) =>
  desk.submit(await desk.open(at(of)), {}, `${site.issuer}${at(of, '/take')}`)
/** Reads what was written, for a reason on record. */
const readWords = async (of: CaseNow, browser = desk) =>
  browser.submit(
    await browser.open(at(of)),
    { reason: '請求の内容を確かめて答えるため' },
    `${site.issuer}${at(of, '/person')}`,
  )
/** The form of deciding, for who has read. */
const deciding = async (of: CaseNow) => {
  await readWords(of)
  return desk.open(at(of, '/decide'))
}
const answer = { answer_ja: '確かめたところ、記録のとおりでした。', answer_en: '' }
/** Due yesterday: it is over since midnight. @returns how many days that is, whenever it is asked */
const late = async (of: CaseNow) => {
  const due_at = endOfDay(inDays(-1))
  await site.env.db('rights_standing').where({ case_id: of.id }).update({ due_at })
  return () => Math.ceil((Date.now() - due_at.getTime()) / 86_400_000)
}

test('the list: overdue first, searched, filtered; auditors read, and nobody reads the person', async () => {
  const resident = await makeResident(site.env)
  const [first, second] = [await ask(resident), await ask(resident, { kind: 'disclosure' })]
  const days = await late(second)
  const page = await desk.open('/admin/requests')
  expect(page.text.indexOf(second.number)).toBeLessThan(page.text.indexOf(first.number))
  expect(page.text).toContain('期限を過ぎたものが1件あります')
  expect(page.text).toContain(`${days()}日過ぎています`)
  const found = await desk.open(`/admin/requests?q=${first.number}`)
  expect([found.text.includes(second.number), found.text.includes(first.number)]).toEqual([
    false,
    true,
  ])
  expect((await desk.open('/admin/requests?filter=late')).text).not.toContain(first.number)
  const auditor = as(await makeOperator(site.env, ['auditor']))
  for (const browser of [desk, auditor]) {
    const one = await browser.open(at(first))
    expect(one.status).toBe(200)
    expect(one.text).toContain('第94条第1項')
    expect(one.text).not.toMatch(/金糸雀|山田|花子/)
    expect(one.text).not.toContain(resident.email)
  }
  expect((await auditor.open(at(first))).text).not.toContain('name="reason"')
  const tasks = await today(site.env, {
    operator: { roles: ['privacy_officer'], marks: [] },
    language: 'ja',
  })
  expect(
    tasks.tasks.filter(({ kind }) => kind.startsWith('rights_')).map(({ name }) => name),
  ).toEqual(expect.arrayContaining([first.number, second.number]))
  const registrar = { roles: ['registrar' as const], marks: [] }
  const theirs = await today(site.env, { operator: registrar, language: 'ja' })
  expect(theirs.tasks.filter(({ kind }) => kind.startsWith('rights_'))).toEqual([])
})

test('the person is shown after a reason, which is recorded', async () => {
  const resident = await makeResident(site.env)
  const of = await ask(resident)
  const page = await desk.open(at(of))
  const path = `${site.issuer}${at(of, '/person')}`
  const short = await desk.submit(page, { reason: '見たい' }, path)
  expect([short.status, errorAt(short, 'reason') !== undefined]).toEqual([422, true])
  expect(short.text).not.toMatch(/金糸雀|山田/)
  const seen = await desk.submit(page, { reason: '訂正の請求の内容を確かめるため' }, path)
  for (const words of ['金糸雀の記録', '山田 花子', resident.email])
    expect(seen.text).toContain(words)
  const views = await site.env.db('operator_views').where({ object_id: resident.id })
  expect(views).toMatchObject([{ operator_id: officer.person.id, object_kind: 'resident' }])
})

describe('deciding', () => {
  test('who has not read what was written does not answer it, neither by the page nor around it', async () => {
    const of = await ask(await makeResident(site.env))
    await take(of)
    const colleague = await makeOperator(site.env, ['privacy_officer'])
    await readWords(of, as(colleague))
    const other = await ask(await makeResident(site.env))
    await readWords(other)
    const calm = await desk.open(at(of, '/decide'))
    expect([calm.status, calm.text.includes('name="outcome"')]).toEqual([409, false])
    expect(calm.text).toContain(`href="${at(of)}#person"`)
    const page = await desk.open(at(of))
    const blind = await desk.submit(
      page,
      { outcome: 'whole', deed: 'other', ...answer },
      `${site.issuer}${at(of, '/decide')}`,
    )
    expect(blind.status).toBe(409)
    const decision = {
      ...{ outcome: 'whole' as const, ground: null, deed: 'other' as const, doneBy: null },
      answer: { ja: 'はい。', en: '' },
    }
    const decide = () => rights.decide(site.env, { id: of.id, by: officer.person, decision })
    await expect(decide()).rejects.toMatchObject({
      reason: 'wrong_state',
      details: { code: 'unread' },
    })
    expect(await now(of)).toMatchObject({ state: 'in_hand', outcome: null })
    await readWords(of)
    expect((await desk.open(at(of, '/decide'))).status).toBe(200)
    await decide()
    expect(await now(of)).toMatchObject({ state: 'answered', outcome: 'whole' })
  })

  test('bad input stands at its field; a ground and a day that fit are needed', async () => {
    const of = await ask(await makeResident(site.env))
    expect((await desk.open(at(of, '/decide'))).status).toBe(409)
    await take(of)
    const form = await deciding(of)
    expect(form.text).toContain('第94条第1項')
    const empty = await desk.submit(form, { outcome: '', answer_ja: '' })
    expect(empty.status).toBe(422)
    expect([errorAt(empty, 'outcome'), errorAt(empty, 'answer_ja')]).not.toContain(undefined)
    const bare = await desk.submit(form, { outcome: 'refused', ground: 'third_party', ...answer })
    expect(errorAt(bare, 'ground')).toBeDefined()
    const past = { outcome: 'whole', deed: 'other', done_by: inDays(-1), ...answer }
    expect(errorAt(await desk.submit(form, past), 'done_by')).toMatch(
      /過ぎた日は選べません.*第94条第1項/,
    )
    const number = { outcome: 'whole', deed: 'other', answer_ja: '番号は123456789018です' }
    expect(errorAt(await desk.submit(form, number), 'answer_ja')).toContain('個人番号')
    const stop = { outcome: 'whole', deed: 'stop', ...answer }
    expect(errorAt(await desk.submit(form, stop), 'deed')).toBeDefined()
    expect((await desk.submit(form, { ...past, state: 'closed' })).status).toBe(422)
    expect(await now(of)).toMatchObject({ state: 'in_hand', outcome: null })
  })

  test('a refusal names its article, must be read, and its letter stays sealed until a reason is given', async () => {
    const resident = await makeResident(site.env)
    const of = await ask(resident)
    await take(of)
    await desk.submit(await deciding(of), {
      ...{ outcome: 'refused', ground: 'is_right', done_by: '', deed: '' },
      ...answer,
    })
    expect(await now(of)).toMatchObject({ state: 'answered', outcome: 'refused', dueAt: null })
    const own = await signedIn(resident)
    const page = await own.open(`/account/requests/${of.id}`)
    for (const words of [
      '請求を認めません',
      '第93条第2項',
      answer.answer_ja,
      '審査請求',
      '個人情報保護委員会',
    ])
      expect(page.text).toContain(words)
    expect((await own.open('/account')).text).toContain('訂正の請求に回答があります')
    const letter = await own.open(`/account/requests/${of.id}/letter`)
    for (const words of ['決定通知書', `${of.number}-1`, '山田 花子 様', '第93条第2項'])
      expect(letter.text).toContain(words)
    const mails = await mailsTo(site.env, resident.email, 2)
    const mail = mails.find(({ subject }) => subject.includes('回答があります'))
    expect(mail?.text).toContain(`/account/requests/${of.id}`)
    expect(mail?.text).not.toMatch(/山田|確かめたところ|金糸雀/)
    const filed = await desk.open(at(of, '/letter'))
    expect(filed.text).toContain(`${of.number}-1`)
    expect(filed.text).not.toMatch(/山田|確かめたところ/)
    const whole = await desk.submit(filed, { reason: '郵送のため、通知書を印刷する' })
    expect(whole.text).toMatch(/山田 花子 様[\s\S]*確かめたところ/)
    const json = JSON.stringify(await site.env.db('case_steps').where({ case_id: of.id }))
    expect(json).not.toMatch(/確かめたところ|金糸雀/)
    expect((await desk.open(at(of, '/decide'))).status).toBe(409)
    // Of an erased account there is nobody to look at, and no reason is kept that could name them.
    const gone = { data_key: null, profile: null, email_index: null, closed_at: new Date() }
    await site.env.db('residents').where({ id: of.residentId }).update(gone)
    const views = () => site.env.db('operator_views').where({ object_id: of.residentId }).count()
    const before = await views()
    expect((await desk.open(at(of, '/letter'))).text).not.toContain('name="reason"')
    expect((await desk.submit(filed, { reason: '山田花子さんへ送りなおすため' })).status).toBe(409)
    expect(await views()).toEqual(before)
  })

  test('granted: provision stops at once on live tokens, and who decided is recorded', async () => {
    const resident = await makeResident(site.env)
    const [one, two] = [
      await makeService(site.env, { offlineAccess: true }),
      await makeService(site.env),
    ]
    const browser = await signedIn(resident)
    const tokens = await tokensFor(site, browser, one, resident, OFFLINE)
    const kept = await tokensFor(site, browser, two, resident)
    const of = await ask(resident, {
      ...{ kind: 'suspension', subject: 'service', serviceId: one.id, words: { reason: '理由' } },
    })
    await take(of)
    expect((await userinfo(site, tokens.access)).status).toBe(200)
    const form = await deciding(of)
    const both = await Promise.all(
      [1, 2, 3].map(() =>
        desk.submit(form, {
          outcome: 'whole',
          deed: 'stop',
          ground: '',
          done_by: '',
          ...answer,
        }),
      ),
    )
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await userinfo(site, tokens.access)).status).toBe(401)
    expect((await refresh(site, one, tokens.refresh)).status).toBe(400)
    expect((await userinfo(site, kept.access)).status).toBe(200)
    const standing = await consents.newest(site.env, resident.id, one.id)
    expect(standing?.consent).toMatchObject({ kind: 'withdrawn', deletionRequested: true })
    const steps = await site.env.db('case_steps').where({ case_id: of.id, step: 'carried_out' })
    expect(steps).toMatchObject([
      { by_kind: 'operator', by_id: officer.person.id, body: { consents: [standing?.consent.id] } },
    ])
    const page = await browser.open(`/account/requests/${of.id}`)
    expect(page.text).toContain('1件のサービスへの提供を止めました')
    expect(page.text).toContain('消すよう、会社に求めました')
    await queueIsEmpty(site.env)
  })

  test('granted after a withdrawal: every company that received is asked to erase, once, and it is told as it is', async () => {
    const resident = await makeResident(site.env)
    const [service, heir] = [await makeService(site.env), await makeService(site.env)]
    const { memberId } = service
    const browser = await signedIn(resident)
    const withdraw = async () =>
      browser.submit(await browser.open(`/account/services/${service.id}/withdraw`), {
        decision: 'withdraw',
      })
    const requests = () =>
      site.env
        .db('deletion_requests')
        .where({ resident_id: resident.id })
        .orderBy('asked_at')
        .select<{ id: string; member_id: string; asked_at: Date; on_request: string | null }[]>()
    await userinfo(site, (await tokensFor(site, browser, service, resident)).access)
    expect((await withdraw()).status).toBe(200)
    await queueIsEmpty(site.env)
    expect(await requests()).toEqual([])
    const suspended = async () => {
      const of = await ask(resident, {
        ...{ kind: 'suspension', subject: 'service', serviceId: service.id },
        words: { reason: '消してほしい' },
      })
      await take(of)
      const granted = { outcome: 'whole', deed: 'stop', ground: '', done_by: '', ...answer }
      expect((await desk.submit(await deciding(of), granted)).status).toBe(200)
      return of
    }
    const of = await suspended()
    expect(await requests()).toMatchObject([{ member_id: memberId, on_request: of.number }])
    const [asked] = await requests()
    expect(asked?.asked_at.getTime()).toBeGreaterThan(of.receivedAt.getTime())
    await queueIsEmpty(site.env)
    const mails = await mailsTo(site.env, 'desk@company.example', 1)
    const mail = mails.find(({ text }) => text.includes(`/company/deletions/${asked?.id}`))
    expect(mail?.text).toMatch(/利用を終えた方からの利用停止の請求を、まちIDの運営が認めました/)
    const letter = await browser.open(`/account/requests/${of.id}/letter`)
    expect(letter.text).toContain('渡しているサービスは、ありませんでした')
    expect(letter.text).toContain('受け取った情報を消すよう、会社に求めました')
    const history = await browser.open('/account/history?kind=deletion')
    expect(history.text).toContain(`お客様の請求（${of.number}）にもとづいて、まちIDの運営者が、`)
    const page = await browser.open(`/account/services/${service.id}`)
    expect(page.text).toContain('答えを待っています')
    // While it waits, and where everything was erased, nobody is asked again.
    const again = await suspended()
    expect(await requests()).toHaveLength(1)
    expect((await browser.open(`/account/requests/${again.id}/letter`)).text).toContain(
      '会社にはすでに求めてあります',
    )
    const by = (await makeStaff(site.env, memberId)).person
    const where = { memberId, id: asked?.id ?? '', by }
    await consents.answerDeletion(site.env, where, { outcome: 'refused', reason: '残します' })
    // Refused, and handed over since: the former company is asked again, the new one for what it received itself.
    const { memberId: member_id, contractId: contract_id } = heir
    await site.env.db('services').where({ id: service.id }).update({ member_id, contract_id })
    await makeServiceVersion(site.env, { ...service, memberId: member_id }, 2)
    await tokensFor(site, browser, service, resident)
    const last = await suspended()
    const added = (await requests()).slice(1)
    expect(new Map(added.map((one) => [one.member_id, one.on_request]))).toEqual(
      new Map([
        [memberId, last.number],
        [member_id, null],
      ]),
    )
    expect(added).toHaveLength(2)
    await queueIsEmpty(site.env)
    // Each has a number of its own, and the former company’s part is not read as the new one’s.
    const own = (await browser.open(`/account/services/${service.id}`)).text
    const part = /id="deletion"[\s\S]*?<\/section>/.exec(own)?.[0] ?? ''
    const numbers = [...part.matchAll(/W-\d{8}-[0-9A-F]{8}/g)].map(([number]) => number)
    expect([numbers.length, new Set(numbers).size]).toEqual([3, 3])
    const name = (await members.byId(site.env, memberId))?.names.ja ?? 'no name'
    expect(part.split(`依頼した会社：${name}`)).toHaveLength(3)
  })

  test('what it ended says that the desk did, on which request, wherever the resident reads it', async () => {
    const resident = await makeResident(site.env)
    const services = [await makeService(site.env), await makeService(site.env)]
    const browser = await signedIn(resident)
    for (const one of services) await tokensFor(site, browser, one, resident)
    const of = await ask(resident, {
      ...{ kind: 'stop_provision', subject: 'services', words: { reason: '理由' } },
    })
    await take(of)
    const decided = await desk.submit(await deciding(of), {
      ...{ outcome: 'whole', deed: 'stop', ground: '', done_by: '', ...answer },
    })
    expect(decided.status).toBe(200)
    const rows = await site.env
      .db('consents')
      .where({ resident_id: resident.id, kind: 'withdrawn' })
      .select<{ id: string; acted_by: string; on_request: string; canonical: string }[]>()
    expect(rows).toHaveLength(2)
    for (const row of rows) {
      expect([row.acted_by, row.on_request]).toEqual(['operator', of.number])
      expect(JSON.parse(row.canonical)).toMatchObject({
        ...{ event: 'withdrawn', acted_by: 'operator', on_request: of.number },
      })
      const { payload } = JSON.parse(
        (await browser.open(`/account/receipts/${row.id}.json`)).text,
      ) as { payload: { consent_event: object } }
      expect(payload.consent_event).toMatchObject({
        ...{ event_state: 'withdrawn', acted_by: 'operator', on_request: of.number },
      })
      expect(receiptFaults(payload)).toEqual([])
    }
    const acts = await site.env
      .db('audit_events')
      .where({ act: 'consents.withdrawn' })
      .whereRaw(`details ->> 'request' = ?`, [of.number])
      .select('actor_kind', 'actor_id')
    const operator = { actor_kind: 'operator', actor_id: officer.person.id }
    expect(acts).toEqual([operator, operator])
    const said = `請求（${of.number}）にもとづいて、運営者が同意を終えました`
    expect((await browser.open('/account/receipts')).text.split(said)).toHaveLength(3)
    expect((await browser.open(`/account/receipts/${rows[0]?.id ?? ''}`)).text).toContain(said)
    const history = (await browser.open('/account/history?kind=withdrawal')).text
    expect(history.replace(/<[^>]+>/g, '')).toContain(
      `お客様の請求（${of.number}）にもとづいて、まちIDの運営者が、`,
    )
    expect(history).not.toContain('お客様が、')
    const notices = await browser.open('/account/notices')
    const notice =
      /\/account\/notices\/[0-9a-f-]+(?=">請求にもとづいて)/.exec(notices.text)?.[0] ?? ''
    expect((await browser.open(notice)).text).toContain(
      `お客様の請求（${of.number}）にもとづいて、`,
    )
    await queueIsEmpty(site.env)
    const letters = (await mailsTo(site.env, resident.email)).filter(({ subject }) =>
      subject.includes('請求にもとづいて、利用を終えました'),
    )
    expect(letters).toHaveLength(1)
    expect(letters[0]?.text).toContain(`お客様の請求（${of.number}）にもとづいて`)
    expect(letters[0]?.attachments).toHaveLength(2)
  })
})

test('the ledger with such ends verifies, and shows who the record says it was, and on which request', async () => {
  do await ledger.sequence(site.env)
  while ((await site.env.db('ledger_pending').first()) !== undefined)
  const key = createPublicKey({
    key: { ...ledger.publicKeys(site.env).keys[0] },
    format: 'jwk',
  })
  const db = new pg.Client({ connectionString: site.ownerUrl, options: '-c timezone=UTC' })
  await db.connect()
  try {
    for (const spoil of [
      `on_request = 'R-2026-9999'`,
      `acted_by = 'service', on_request = null`,
      'acted_by = null, on_request = null',
    ]) {
      // Of one moment: the timetable of the site gives entries their places meanwhile.
      await db.query('begin isolation level repeatable read')
      expect((await verify(rowsOf(db), key, [])).ok).toBe(true)
      await db.query('set local session_replication_role = replica')
      const { rowCount } = await db.query(
        `update consents set ${spoil} where acted_by = 'operator'`,
      )
      expect(rowCount).toBeGreaterThan(1)
      const { trees } = await verify(rowsOf(db), key, [])
      expect(trees.find(({ tree }) => tree === 'provisions')?.faults[0]?.why).toBe('column_differs')
      await db.query('rollback')
    }
  } finally {
    await db.end()
  }
})

test('no row says it was the desk without a request, nor the other way round', async () => {
  for (const [by, request] of [
    ['operator', null],
    ['service', 'R-2026-0001'],
    [null, 'R-2026-0001'],
  ]) {
    const made = site.owner.raw(
      `insert into consents select (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'version', 99,
        'acted_by', ?::text, 'on_request', ?::text))).* from consents c where kind = 'withdrawn' limit 1`,
      [by ?? null, request ?? null],
    )
    await expect(made).rejects.toMatchObject({ constraint: 'consents_on_request_check' })
  }
})

test('an extension: once, within the law, told with its reason; a day that has passed is refused with the article', async () => {
  const resident = await makeResident(site.env)
  const of = await ask(resident)
  const form = await desk.open(at(of, '/extend'))
  const why = { reason_ja: '古い記録を探すため', reason_en: '' }
  const until = async (day: string) =>
    errorAt(await desk.submit(form, { until: day, ...why }), 'until') ?? ''
  expect(await until(inDays(-1))).toMatch(/過ぎた日は選べません.*第94条第2項/)
  expect(await until(inDays(3))).toMatch(/より後の日.*第94条第2項/)
  expect(await until(inDays(200))).toMatch(/延ばせるのは.*第94条第2項/)
  expect(await until('2026-02-30')).not.toBe('')
  expect((await now(of)).dueAt).toEqual(of.dueAt)
  await desk.submit(form, { until: inDays(50), ...why })
  const { dueAt } = await now(of)
  expect(Number(dueAt)).toBeGreaterThan(Number(of.dueAt))
  const page = await (await signedIn(resident)).open(`/account/requests/${of.id}`)
  expect(page.text).toContain('期限を延ばしました')
  expect(page.text).toContain('古い記録を探すため')
  expect(page.text).toContain('第94条第2項')
  const mails = await mailsTo(site.env, resident.email, 2)
  expect(mails.map(({ subject }) => subject).join()).toContain('期限が変わりました')
  expect((await desk.open(at(of, '/extend'))).status).toBe(409)
})

test('officers are reminded once before a due date and once after; the resident reads it honestly', async () => {
  const resident = await makeResident(site.env)
  const [of, soon, calm] = [await ask(resident), await ask(resident), await ask(resident)]
  await site.env
    .db('rights_standing')
    .where({ case_id: soon.id })
    .update({ due_at: endOfDay(inDays(1)) })
  const days = await late(of)
  const remind = timetable.find(({ name }) => name === 'rights.remind')
  await remind?.run(site.env)
  await remind?.run(site.env)
  const page = await (await signedIn(resident)).open(`/account/requests/${of.id}`)
  expect(page.text).toContain(`期限を${days()}日過ぎています`)
  await queueIsEmpty(site.env)
  const mails = await mailsTo(site.env, officer.email)
  const about = ({ number }: CaseNow) => mails.filter(({ subject }) => subject.includes(number))
  expect(about(of).map(({ subject }) => subject)).toEqual([
    expect.stringContaining('期限を過ぎました'),
  ])
  expect(about(soon).map(({ subject }) => subject)).toEqual([
    expect.stringContaining('期限が近づいています'),
  ])
  expect(about(calm)).toEqual([])
})

test('a report of an entry comes with its evidence, and is answered; an account that closes leaves it', async () => {
  const resident = await makeResident(site.env)
  const entry = {
    ...{ once: site.env.newId(), text: '知らない会社です。金糸雀' },
    evidence: {
      ...{ entry: site.env.newId(), kind: 'provision', at: '2026-11-20T03:04:05.000Z' },
      ...{ items: ['birth_year'], path: 'userinfo', withheld: { sex: 'no_value' } },
      leaf_hash: 'ab'.repeat(32),
    },
  }
  const of = await rights.report(site.env, resident, entry)
  expect(await rights.report(site.env, resident, entry)).toMatchObject({ id: of.id })
  await expect(
    rights.report(site.env, resident, { ...entry, once: site.env.newId(), text: ' ' }),
  ).rejects.toMatchObject({ reason: 'invalid_input', details: { fields: { text: 'required' } } })
  const page = await desk.open(at(of))
  expect(page.text).toContain(entry.evidence.leaf_hash)
  const section = /報告された記録<\/h2>[\s\S]*?<\/section>/.exec(page.text)?.[0] ?? ''
  const shown = section.replace(/<[^>]+>/g, ' ')
  for (const words of ['2026年11月20日 12:04:05', '提供', '生まれた年', '性別', '登録がありません'])
    expect(shown).toContain(words)
  expect(shown).not.toMatch(/leaf_hash|birth_year|userinfo|no_value|T03:04/)
  expect(page.text).toContain('ご本人')
  expect(page.text).not.toMatch(/あなた|お客様/)
  expect(page.text).not.toContain('金糸雀')
  await take(of)
  const form = await deciding(of)
  expect(form.text).not.toContain('name="ground"')
  await desk.submit(form, { outcome: 'noted', ...answer })
  expect(
    (await (await signedIn(resident)).open(`/account/requests/${of.id}/letter`)).text,
  ).toContain('回答書')
  const left = await ask(resident)
  const self = { residentId: resident.id, sessionUid: '', address: undefined, device: undefined }
  await closing.begin(site.env, self, PASSWORD)
  await site.env
    .db('residents')
    .where({ id: resident.id })
    .update({ closes_at: new Date(Date.now() - 1) })
  await closing.closeDue(site.env, forgetAccount)
  const gone = await desk.open(at(left))
  expect(gone.text).toContain('請求した人は、登録をやめました')
  expect(gone.text).not.toContain('name="reason"')
  await desk.submit(gone, {}, `${site.issuer}${at(left, '/close')}`)
  expect(await now(left)).toMatchObject({ state: 'closed' })
  expect((await desk.open(at(of, '/letter'))).text).toContain('回答書')
})
