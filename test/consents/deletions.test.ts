/** A company asked to erase answers once, in the portal or by a program, and the resident reads it (R7, M5). */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import * as closing from '../../src/closing/actions.ts'
import * as consents from '../../src/consents/actions.ts'
import type { DeletionRequest } from '../../src/consents/actions.ts'
import { answerFaults } from '../../src/consents/deletion_model.ts'
import { addDays } from '../../src/input/business_days.ts'
import { dayOf, isDay, startOfDay } from '../../src/input/days.ts'
import { today } from '../../src/desk/actions.ts'
import { forgetAccount } from '../../src/oidc/jobs.ts'
import { OPERATOR_ROLES } from '../../src/persons.ts'
import { messages } from '../../src/locales/index.ts'
import { words } from '../../src/locales/words.ts'
import * as residents from '../../src/residents/actions.ts'
import { makeProgram } from '../api/steps.ts'
import { tokensFor } from '../oidc/steps.ts'
import { Browser, type Page } from '../support/browser.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  PASSWORD,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { linkIn, mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { makeStaff, signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

const DAY = 86_400_000

let site: Site
beforeAll(async () => {
  site = await openSite()
})
afterAll(() => site.close())
afterEach(() => site.setNow(undefined))

type Asked = {
  resident: MadeResident
  browser: Browser
  service: MadeService
  request: DeletionRequest
  sub: string
}

/** Somebody who agreed, was provided for, withdrew by the pages, and ticked the box. */
async function asked(agreedDaysAgo = 0): Promise<Asked> {
  if (agreedDaysAgo) site.setNow(new Date(Date.now() - agreedDaysAgo * DAY))
  const resident = await makeResident(site.env)
  const service = await makeService(site.env, { subjectType: 'pairwise' })
  const browser = new Browser(site.issuer)
  const { id } = await tokensFor(site, browser, service, resident)
  const { sub } = JSON.parse(Buffer.from(id.split('.')[1] ?? '', 'base64url').toString())
  const known = await residents.find(site.env, resident.id)
  if (!known) throw new Error('no resident')
  site.setNow(undefined)
  await consents.withdraw(site.env, known, service.id, true)
  const { requests } = await consents.deletionsOf(site.env, service.memberId, ALL)
  const [request] = requests
  if (!request || requests.length > 1) throw new Error('not one request')
  return { resident, browser, service, request, sub }
}
const ALL = { open: null, limit: 10, offset: 0 }

async function staffOf(memberId: string, role: 'manager' | 'developer' = 'developer') {
  const person = await makeStaff(site.env, memberId, role)
  const browser = new Browser(site.issuer)
  signIn(browser, person)
  return { person, browser }
}
const pageOf = ({ service }: Asked) => `/account/services/${service.id}`

test('withdrawing without the tick asks nothing', async () => {
  const resident = await makeResident(site.env)
  const service = await makeService(site.env)
  await tokensFor(site, new Browser(site.issuer), service, resident)
  const known = await residents.find(site.env, resident.id)
  if (known) await consents.withdraw(site.env, known, service.id)
  expect(await consents.deletionsOf(site.env, service.memberId, ALL)).toEqual({
    requests: [],
    total: 0,
  })
})

describe('whatever the service is now, the request goes to the company that received', () => {
  const before = async () => {
    const resident = await makeResident(site.env)
    const service = await makeService(site.env, { subjectType: 'pairwise' })
    const browser = new Browser(site.issuer)
    const { id } = await tokensFor(site, browser, service, resident)
    const { sub } = JSON.parse(Buffer.from(id.split('.')[1] ?? '', 'base64url').toString())
    const known = await residents.find(site.env, resident.id)
    if (!known) throw new Error('no resident')
    return { resident, service, browser, sub: String(sub), known }
  }

  test('the shared ID reaches nobody who was agreed to by another one: row, mail, pages', async () => {
    const { resident, service, browser, sub, known } = await before()
    await makeContractVersion(site.env, service.contractId, 2, { subjectType: 'public' })
    await desk(service, 'before@company.example', 2)
    for (const path of ['', '/change']) {
      const { text } = await browser.open(`/account/services/${service.id}${path}`)
      expect([path, text.includes(sub), text.includes(resident.userId)]).toEqual([
        path,
        true,
        false,
      ])
    }
    await consents.withdraw(site.env, known, service.id, true)
    const { requests } = await consents.deletionsOf(site.env, service.memberId, ALL)
    expect(requests.map(({ subject }) => subject)).toEqual([sub])
    const [mail] = await mailsTo(site.env, 'before@company.example')
    expect(mail?.text).toContain(sub)
    expect(mail?.text).not.toContain(resident.userId)
  })

  test('handed over since: the former company is asked and lists it, the new one learns nothing', async () => {
    const { service, browser, sub } = await before()
    const heir = await makeService(site.env, { subjectType: 'public' })
    const { memberId: member_id, contractId: contract_id } = heir
    await site.env.db('services').where({ id: service.id }).update({ member_id, contract_id })
    await desk(service, 'heir@company.example', 2)
    const named = (id: string) => names.find(({ member_id: of }) => of === id)?.name ?? 'no name'
    const names = await site.env
      .db('member_versions')
      .whereIn('member_id', [service.memberId, heir.memberId])
      .select('member_id', site.env.db.raw(`body -> 'names' ->> 'ja' as name`))
    const said = ({ text }: Page) => {
      const main = /<main[\s\S]*<\/main>/.exec(text)?.[0] ?? ''
      return [named(service.memberId), named(heir.memberId)].map((name) => main.includes(name))
    }
    const page = await browser.open(`/account/services/${service.id}/withdraw`)
    expect([said(page), page.text.includes('desk@company.example')]).toEqual([[true, false], true])
    expect(said(await browser.open('/account/services/withdraw-all'))).toEqual([true, false])
    const form = { decision: 'withdraw', request_deletion: 'yes' }
    const done = await browser.submit(page, form)
    expect([said(done), done.text.includes('heir@company.example')]).toEqual([[true, false], false])
    expect(done.text).toContain('desk@company.example')
    await queueIsEmpty(site.env)
    const [request, ...more] = (await consents.deletionsOf(site.env, service.memberId, ALL))
      .requests
    expect([request?.subject, more]).toEqual([sub, []])
    const [mail] = (await mailsTo(site.env, 'desk@company.example')).filter(({ text }) =>
      text.includes(sub),
    )
    expect(mail).toBeDefined()
    await expect(mailsTo(site.env, 'heir@company.example', 0)).resolves.toEqual([])
    const links = ['/company/deletions', `/company/deletions/${request?.id}`]
    const shown = async (memberId: string) => {
      const { browser, person } = await staffOf(memberId, 'manager')
      const program = await makeProgram(site, memberId, person.person)
      const pages = await Promise.all(links.map((link) => browser.open(link)))
      return {
        pages: pages.map(({ status, text }) => [status, text.includes(request?.id ?? '')]),
        listed: (await program.call('/deletions')).body['items'],
        waiting: (await consents.deletionTasks(site.env, memberId)).length,
      }
    }
    expect(await shown(service.memberId)).toMatchObject({
      pages: [
        [200, true],
        [200, true],
      ],
      listed: [{ id: request?.id, sub }],
      waiting: 1,
    })
    expect(await shown(heir.memberId)).toMatchObject({
      pages: [
        [200, false],
        [404, expect.anything()],
      ],
      listed: [],
      waiting: 0,
    })
  })

  /** A new version of the service, with another desk. */
  async function desk(service: MadeService, email: string, version: number): Promise<void> {
    const id = await makeServiceVersion(site.env, service, version)
    await site.owner.transaction(async (trx) => {
      await trx.raw('set local session_replication_role = replica')
      await trx.raw(
        `update service_versions set body = jsonb_set(body::jsonb, '{contact,email}', to_jsonb(:email::text)) where id = :id`,
        { id, email },
      )
    })
  }
})

test('whatever happened since, card and page name the newest request and its answer', async () => {
  const it = await asked()
  const { browser } = await staffOf(it.service.memberId)
  const page = await browser.open(`/company/deletions/${it.request.id}`)
  await browser.submit(page, { outcome: 'refused', reason: '会計の記録は7年残します' })
  await tokensFor(site, it.browser, it.service, it.resident)
  await consents.withdraw(site.env, it.resident, it.service.id)
  for (let turn = 0; turn < 2; turn++) {
    const list = (await it.browser.open('/account/services')).text
    expect(list.split('data-service=')[1]).toContain(messages.ja.consents.list.deletion)
    expect((await it.browser.open(pageOf(it))).text).toContain('会計の記録は7年残します')
    await tokensFor(site, it.browser, it.service, it.resident)
  }
})

describe('in the portal', () => {
  test('the letter leads to the very request', async () => {
    const it = await asked()
    await queueIsEmpty(site.env)
    const mails = await mailsTo(site.env, 'desk@company.example')
    const [mail, ...more] = mails.filter(({ text }) => text.includes(it.sub))
    expect(more).toEqual([])
    expect(linkIn(mail)).toBe(`${site.issuer}/company/deletions/${it.request.id}`)
  })

  test('the person is named by the sub this company knows, and by nothing else', async () => {
    const it = await asked()
    const { browser } = await staffOf(it.service.memberId)
    const list = await browser.open('/company/deletions')
    const page = await browser.open(`/company/deletions/${it.request.id}`)
    expect(page.text).toContain(it.sub)
    for (const { text } of [list, page])
      for (const value of [it.resident.userId, it.resident.email, '山田', '花子', it.resident.id])
        expect(text).not.toContain(value)
    expect((await it.browser.open(pageOf(it))).text).toContain('答えを待っています')
  })

  test('an answer reaches the resident: page, history, mail', async () => {
    const it = await asked()
    const { browser } = await staffOf(it.service.memberId)
    const page = await browser.open(`/company/deletions/${it.request.id}`)
    const wrong = await browser.submit(page, { outcome: 'partly', done_on: '', reason: '' })
    expect([wrong.status, wrong.text.includes('id="reason-e"')]).toEqual([422, true])
    const day = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10)
    const fields = { outcome: 'partly', done_on: day, reason: '請求の記録は7年残します' }
    expect((await browser.submit(page, fields)).text).toContain('請求の記録は7年残します')
    expect((await browser.submit(page, fields)).status).toBe(409)
    expect((await it.browser.open(pageOf(it))).text).toContain('請求の記録は7年残します')
    expect((await it.browser.open('/account/history?kind=deletion')).text).toContain('一部を削除')
    const [mail] = await mailsTo(site.env, it.resident.email, 1, '削除の依頼への答え')
    expect(mail?.text).toContain('請求の記録は7年残します')
    const [event] = await site.env.db('audit_events').where({ act: 'consents.deletion_answered' })
    expect(JSON.stringify(event)).not.toContain('請求')
  })

  test('what the company wrote is sealed, and goes with the account; the outcome stays', async () => {
    const [early, late] = [await asked(), await asked()]
    const reason = '山田花子様の請求の記録は7年残します'
    const refuse = async ({ service, request }: Asked) => {
      const { browser } = await staffOf(service.memberId)
      const page = await browser.open(`/company/deletions/${request.id}`)
      return { browser, sent: await browser.submit(page, { outcome: 'refused', reason }) }
    }
    const { browser, sent } = await refuse(early)
    expect(sent.text).toContain(reason)
    for (const { resident } of [early, late])
      await site.env
        .db('residents')
        .where({ id: resident.id })
        .update({ closing_asked_at: new Date(), closes_at: new Date(Date.now() - 1) })
    await closing.closeDue(site.env, forgetAccount)
    const after = await refuse(late)
    expect(after.sent.status).toBe(200)
    for (const { text } of [
      await browser.open(`/company/deletions/${early.request.id}`),
      after.sent,
    ]) {
      expect(text).toContain('削除しない')
      expect(text).toContain('まちIDの登録をやめたため、残っていません')
      expect(text).not.toContain('山田花子')
    }
    const ids = [early.request.id, late.request.id]
    const rows = await site.env
      .db('deletion_answers')
      .whereIn('request_id', ids)
      .select<{ outcome: string; reason: null; reason_sealed: Buffer | null }[]>()
    expect(rows.map(({ outcome, reason: plain }) => [outcome, plain])).toEqual([
      ['refused', null],
      ['refused', null],
    ])
    expect(JSON.stringify(rows.map((row) => row.reason_sealed?.toString('utf8')))).not.toContain(
      '山田',
    )
  })

  test('an answer from before reasons were sealed stays readable as long as the account', async () => {
    const it = await asked()
    await site.env.db('deletion_answers').insert({
      ...{ request_id: it.request.id, outcome: 'refused', reason: '以前に書かれた理由' },
      ...{ answered_at: new Date(), by_kind: 'staff', by_id: crypto.randomUUID() },
    })
    expect((await it.browser.open(pageOf(it))).text).toContain('以前に書かれた理由')
    const { browser } = await staffOf(it.service.memberId)
    const seen = () => browser.open(`/company/deletions/${it.request.id}`)
    expect((await seen()).text).toContain('以前に書かれた理由')
    const at = { closing_asked_at: new Date(), closes_at: new Date(Date.now() - 1) }
    await site.env.db('residents').where({ id: it.resident.id }).update(at)
    await closing.closeDue(site.env, forgetAccount)
    expect((await seen()).text).not.toContain('以前に書かれた理由')
  })

  test('what was erased before it was asked for can be said; any other day is told the range', async () => {
    const it = await asked(3)
    const on = (days: number) => dayOf(new Date(it.request.askedAt.getTime() + days * DAY))
    const { browser } = await staffOf(it.service.memberId)
    const page = await browser.open(`/company/deletions/${it.request.id}`)
    const first = words('ja').date(it.request.agreedAt)
    const range = messages.ja.deletions.answer.doneOnRange(first)
    expect([first, page.text.includes(range)]).toEqual([
      words('ja').date(startOfDay(on(-3))),
      false,
    ])
    for (const day of [on(-4), on(2)]) {
      const wrong = await browser.submit(page, { outcome: 'done', done_on: day, reason: '' })
      expect([day, wrong.status, wrong.text.split(range).length - 1]).toEqual([day, 422, 2])
    }
    const sent = await browser.submit(page, { outcome: 'done', done_on: on(-1), reason: '' })
    expect(sent.text).toContain(words('ja').date(startOfDay(on(-1))))
    const again = new Browser(site.issuer)
    await again.signIn(await again.open('/login'), { ...it.resident, password: PASSWORD })
    expect((await again.open(pageOf(it))).text).toContain('すべて削除')
  })

  test('of another company it is not found, as if there were none', async () => {
    const it = await asked()
    const other = await asked()
    const { browser } = await staffOf(other.service.memberId, 'manager')
    const bare = (text: string) => /<main[\s\S]*<\/main>/.exec(text)?.[0]
    const there = await browser.open(`/company/deletions/${it.request.id}`)
    const none = await browser.open(`/company/deletions/${crypto.randomUUID()}`)
    expect([there.status, none.status]).toEqual([404, 404])
    expect(bare(there.text)).toBe(bare(none.text))
    const own = await browser.open(`/company/deletions/${other.request.id}`)
    const sent = await browser.submit(own, { outcome: 'refused', reason: 'x' }, there.url)
    expect(sent.status).toBe(404)
    expect((await consents.deletionsOf(site.env, it.service.memberId, ALL)).requests[0]).toEqual(
      it.request,
    )
  })

  test('twenty answers at once are one', async () => {
    const it = await asked()
    const { person } = await staffOf(it.service.memberId)
    const where = { memberId: it.service.memberId, id: it.request.id }
    const by = person.person
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        consents.answerDeletion(
          site.env,
          { ...where, by },
          { outcome: 'refused', reason: `理由 ${n}` },
        ),
      ),
    )
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

test('a deadline that passes is overdue for the resident, in the history, and on the desk', async () => {
  const it = await asked()
  expect(await overdueOnDesk(it)).toBe(false)
  site.setNow(new Date(it.request.dueAt.getTime() - 1000))
  expect(await overdueOnDesk(it)).toBe(false)
  site.setNow(new Date(it.request.dueAt.getTime() + 1000))
  expect(await overdueOnDesk(it)).toBe(true)
  const tasks = await consents.deletionTasks(site.env, it.service.memberId)
  expect(tasks).toEqual([expect.objectContaining({ name: '1', href: '/company/deletions' })])
  expect(it.request.dueAt.getTime() - it.request.askedAt.getTime()).toBeGreaterThan(30 * DAY)
  const known = await residents.find(site.env, it.resident.id)
  expect(known).toBeDefined()
  const again = new Browser(site.issuer)
  await again.signIn(await again.open('/login'), { ...it.resident, password: PASSWORD })
  expect((await again.open(pageOf(it))).text).toContain('会社の答えがありません')
  expect((await again.open('/account/history')).text).toContain('期限までに答えていません')
})

async function overdueOnDesk({ service }: Asked): Promise<boolean> {
  const operator = { roles: OPERATOR_ROLES, marks: [] }
  const { tasks } = await today(site.env, { operator, language: 'ja' })
  return tasks.some(
    ({ kind, href }) =>
      kind === 'deletion_overdue' && href === `/admin/members/${service.memberId}`,
  )
}

test('a program reads and answers by the API, its own company alone', async () => {
  const it = await asked()
  const { person } = await staffOf(it.service.memberId, 'manager')
  const own = await makeProgram(site, it.service.memberId, person.person)
  const listed = await own.call('/deletions?state=open')
  expect(listed.body['items']).toEqual([
    expect.objectContaining({
      ...{ id: it.request.id, sub: it.sub, state: 'pending', reason: null },
      agreedOn: dayOf(it.request.agreedAt),
      ...{ dueAt: it.request.dueAt.toISOString(), dueOn: addDays(dayOf(it.request.askedAt), 30) },
    }),
  ])
  const send = (program: typeof own, body: object) =>
    program.call(`/deletions/${it.request.id}/answer`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
  const answer = { outcome: 'refused', reason: '法律で7年保存します' }
  const other = await makeService(site.env)
  const stranger = await staffOf(other.memberId, 'manager')
  const strangers = await makeProgram(site, other.memberId, stranger.person.person)
  expect((await send(strangers, answer)).status).toBe(404)
  expect((await strangers.call('/deletions')).body['items']).toEqual([])
  expect((await send(own, { ...answer, outcome: 'done' })).status).toBe(422)
  const early = { outcome: 'done', done_on: '2020-01-31' }
  expect((await send(own, early)).body).toMatchObject({
    ...{ type: 'invalid_input', status: 422 },
    errors: [{ field: '/done_on', rule: 'day_before_agreement' }],
  })
  expect((await send(own, { ...early, done_on: '2999-01-31' })).body['errors']).toEqual([
    { field: '/done_on', rule: 'day_future' },
  ])
  expect((await send(own, { ...answer, resident: 'x' })).status).toBe(422)
  const sent = await send(own, answer)
  expect([sent.status, sent.body['state']]).toEqual([200, 'refused'])
  expect((await send(own, answer)).status).toBe(409)
  expect((await own.call('/deletions?state=open')).body['items']).toEqual([])
})

test.each([
  [{ outcome: 'done', done_on: '2026-11-21' }, {}],
  [{ outcome: 'done', done_on: '2026-11-20' }, {}],
  [{ outcome: 'done', done_on: '2026-11-19' }, { done_on: 'day_before_agreement' }],
  [{ outcome: 'done', done_on: '2026-11-22' }, { done_on: 'day_future' }],
  [{ outcome: 'done', done_on: '2026-11-31' }, { done_on: 'not_valid' }],
  [{ outcome: 'done' }, { done_on: 'required' }],
  [{ outcome: 'partly' }, { done_on: 'required', reason: 'required' }],
  [{ outcome: 'refused', reason: ' ' }, { reason: 'required' }],
  [{ outcome: 'refused', reason: 'x', done_on: '2026-11-21' }, { done_on: 'not_valid' }],
] as const)('an answer %j', (answer, faults) => {
  const days = { from: '2026-11-20', today: '2026-11-21', isDay }
  expect(answerFaults(answer, days)).toEqual(faults)
})
