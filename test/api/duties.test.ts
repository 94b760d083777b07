/** A program works its company's duties with nothing but what the API itself says, and opens nothing by that (S-36…S-52). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { openapi } from '../../src/api/openapi.ts'
import { ENDPOINTS } from '../../src/api/endpoints.ts'
import { canonical } from '../../src/audit/model.ts'
import * as duties from '../../src/duties/actions.ts'
import type { Case, Values } from '../../src/duties/model.ts'
import { dayOf } from '../../src/input/days.ts'
import { Browser, type Page } from '../support/browser.ts'
import { markDemo } from '../support/builders.ts'
import { makePair, USAGE_REPORT, type Pair } from '../support/duties.ts'
import { signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import { makeProgram, type Program } from './steps.ts'

type Field = { name: string; kind: string; required: boolean; options: string[] | null }
type Turn = {
  act: string
  side: string
  values: Values
  document: { number: string; kind: string; sentAt: string; body: object; sha256: string } | null
}
type Duty = {
  id: string
  state: string
  dueAt: string | null
  dueOn: string | null
  draft: Values | null
  turns: Turn[]
  acts: { act: string; fields: Field[] }[]
}

let site: Site
let pair: Pair
let program: Program

const ajv = new Ajv2020({ allErrors: true, strict: false })
addFormats.default(ajv)
const doorOf = (operation: string) => {
  const door = ENDPOINTS.find((one) => one.operation === operation)
  if (!door) throw new Error(`no door ${operation}`)
  return door
}
const isDuty = ajv.compile(doorOf('getDuty').answer)
const { paths } = openapi('https://id.example.jp', ENDPOINTS)
type Described = {
  post: { requestBody: { content: { 'application/json': { schema: object } } } }
}
const described = (paths['/api/v1/duties/{dutyId}/acts'] as Described).post.requestBody
const isAct = ajv.compile(described.content['application/json'].schema)

beforeAll(async () => {
  site = await openSite()
  await markDemo(site.env)
  pair = await makePair(site.env)
  program = await makeProgram(site, pair.memberId, pair.staff.person)
})
afterAll(() => site.close())

const REPORT = {
  ...{ period_from: '2026-04-01', period_to: '2026-09-30', due: '2030-12-05' },
  questions: '何人に使いましたか',
}

const open = (kind: 'report' | 'management' | 'order', values: Values, own = false) => {
  const subject = { flow: own ? pair.collected : pair.given }
  const actor = own ? pair.member : pair.consortium
  return duties.open(site.env, { kind, subject, values, actor })
}

async function see(id: string): Promise<Duty> {
  const { status, body } = await program.call(`/duties/${id}`)
  expect([status, isDuty(body), isDuty.errors]).toEqual([200, true, null])
  return body as Duty
}

/** Something to say in a field, from nothing but its description. */
function sayIn({ kind, options }: Field): unknown {
  if (kind === 'one') return options?.[0]
  if (kind === 'many') return options
  if (kind === 'day') return dayOf(site.env.now())
  if (kind === 'moment') return new Date(site.env.now().getTime() - 3_600_000).toISOString()
  return kind === 'count' || kind === 'yen' ? 3 : '書きました'
}

/** Takes an act on a case with what the API says of it, all its fields filled. */
async function work(id: string, act: string): Promise<Duty> {
  const { acts } = await see(id)
  const { fields = [] } = acts.find((one) => one.act === act) ?? {}
  expect([act, fields.length > 0]).toEqual([act, true])
  const asked = { act, values: Object.fromEntries(fields.map((one) => [one.name, sayIn(one)])) }
  expect([act, isAct(asked), isAct.errors]).toEqual([act, true, null])
  const answer = await post(id, asked)
  expect([act, answer.status, isDuty(answer.body), isDuty.errors]).toEqual([act, 200, true, null])
  return answer.body as Duty
}

const post = (id: string, asked: object) =>
  program.call(`/duties/${id}/acts`, { method: 'POST', body: JSON.stringify(asked) })

const take = (of: Pick<Case, 'id'>, name: string, values: Values) =>
  duties.take(site.env, { id: of.id, name, values, actor: pair.consortium })

const names = ({ acts }: Duty) => acts.map(({ act }) => act)

describe('a case as a program sees it', () => {
  test('says what is asked, by when, and each field of the acts', async () => {
    const { id } = await open('report', REPORT)
    const seen = await see(id)
    expect(seen.turns).toMatchObject([{ act: 'request', side: 'consortium', values: REPORT }])
    expect([seen.dueOn, seen.dueAt]).toEqual(['2030-12-05', '2030-12-05T15:00:00.000Z'])
    expect(names(seen)).toEqual(['submit'])
    const fields = seen.acts[0]?.fields ?? []
    expect(fields.map(({ name, required }) => [name, required])).toEqual([
      ...['usage', 'persons_range', 'onward', 'safety', 'deletion'].map((name) => [name, true]),
      ['remarks', false],
    ])
    expect(fields.find(({ name }) => name === 'onward')?.options).toEqual([
      ...['none', 'approved', 'happened'],
    ])
    const submitted = await work(id, 'submit')
    expect([submitted.state, submitted.dueOn, submitted.acts]).toEqual(['submitted', null, []])
    await take({ id }, 'judge', { verdict: 'insufficient', reason: '数字が足りません' })
    expect((await see(id)).turns.at(-1)).toMatchObject({
      ...{ act: 'judge', values: { verdict: 'insufficient', reason: '数字が足りません' } },
    })
  })

  test('comes with its documents as they were written', async () => {
    const { id, number } = await open('report', REPORT)
    const paper = (await see(id)).turns[0]?.document
    if (!paper) throw new Error('no document came')
    const { sha256, ...said } = paper
    expect(said).toMatchObject({ number, kind: 'report.request' })
    expect(JSON.stringify(said.body)).toContain('何人に使いましたか')
    const hash = createHash('sha256').update(canonical(said as Parameters<typeof canonical>[0]))
    expect(hash.digest('hex')).toBe(sha256)
  })

  test('offers a judgement once there is something to judge, as the portal does', async () => {
    const { id } = await open('report', REPORT, true)
    expect((await see(id)).acts).toEqual([])
  })
})

describe('every kind is worked with what the API says of it', () => {
  test('a management report and a rectification, on both sides', async () => {
    const questions = { questions: '管理の状況は', due: '2030-12-05' }
    const order = { leak_feared: '漏えい', measures_wanted: '鍵', due: '2030-12-05' }
    for (const [kind, values] of [['management', questions] as const, ['order', order] as const]) {
      const asked = await open(kind, values)
      expect((await work(asked.id, 'reply')).state).toBe('replied')
      const own = await open(kind, values, true)
      await take(own, 'reply', { management_state: 'よい', measures_taken: 'よい' })
      await work(own.id, 'again')
      await take(own, 'reply', { management_state: 'よい', measures_taken: 'よい' })
      expect((await work(own.id, 'close')).state).toBe('closed')
    }
  })

  test('a report of the consortium, a claim', async () => {
    const { id } = await open('report', REPORT, true)
    await take({ id }, 'submit', USAGE_REPORT)
    expect((await work(id, 'judge')).state).toBe('sufficient')
    const claim = await duties.open(site.env, {
      ...{ kind: 'claim', subject: { flow: pair.given }, actor: pair.consortium },
      values: { matter: 'complaint', cause: 'receiver_use', what: '苦情' },
    })
    expect((await work(claim.id, 'answer')).state).toBe('answered')
  })

  test('a leak: from a draft, its moment as RFC 3339', async () => {
    const draft = await duties.saveDraft(site.env, {
      ...{ id: undefined, subject: {}, values: { what: '端末の紛失' }, actor: pair.member },
    })
    const seen = await see(draft.id)
    expect([seen.draft, names(seen)]).toEqual([{ what: '端末の紛失' }, ['notify']])
    expect((await work(draft.id, 'notify')).state).toBe('notified')
    await work(draft.id, 'amend')
    expect((await work(draft.id, 'measures')).turns.map(({ act }) => act)).toEqual([
      ...['notify', 'amend', 'measures'],
    ])
  })

  test.each([
    ['a number where words belong', { remarks: 5 }, '/values/remarks', 'wrong_type'],
    ['a list where words belong', { remarks: ['x'] }, '/values/remarks', 'wrong_type'],
    ['an option that is not there', { onward: 'yes' }, '/values/onward', 'not_valid'],
    ['nothing', { safety: '' }, '/values/safety', 'required'],
  ])('%s is refused at its place', async (_, change, field, rule) => {
    const { id } = await open('report', REPORT)
    const answer = await post(id, { act: 'submit', values: { ...USAGE_REPORT, ...change } })
    expect([answer.status, answer.body['errors']]).toEqual([422, [{ field, rule }]])
    expect((await see(id)).state).toBe('requested')
  })
})

describe('S-52 the proof of delivery', () => {
  const as = (person: SignedInPerson) => {
    const browser = new Browser(site.issuer)
    signIn(browser, person)
    return browser
  }
  const paperOf = (page: Page) => /href="([^"]*\/documents\/[^"]*)"/.exec(page.text)?.[1] ?? ''

  test('names a program as what was handed a document, and nobody as having opened it', async () => {
    const { id } = await open('report', REPORT)
    await see(id)
    await see(id)
    const desk = as(pair.registrar)
    const page = await desk.open(`/admin/duties/${id}`)
    expect(page.text).toContain('まだ開かれていません')
    expect(page.text.match(/プログラム「連携」に渡しました/g)).toHaveLength(1)
    const paper = await desk.open(paperOf(page))
    expect(paper.text).toContain('プログラム「連携」に渡しました')
    expect(paper.text).not.toContain('が開きました')
    await as(pair.staff).open(`/company/duties/${id}`)
    const opened = await desk.open(paperOf(page))
    expect(opened.text).toContain(`${pair.staff.name}が開きました`)
    expect(opened.text).toContain('プログラム「連携」に渡しました')
    expect((await desk.open(`/admin/duties/${id}`)).text).not.toContain('まだ開かれていません')
  })

  test('a list hands over nothing, and the company’s own documents need no proof', async () => {
    const { id } = await open('report', REPORT)
    expect((await program.call('/duties')).status).toBe(200)
    const handed = () => site.env.db('duty_readings').where({ reader_id: program.id })
    const ours = (await handed()).length
    await work(id, 'submit')
    expect(await handed()).toHaveLength(ours + 1)
  })
})

describe('the list', () => {
  const listed = async (query: string) =>
    (await program.call(`/duties${query}`)).body['items'] as Duty[]

  test('is of what is open, or of what is closed', async () => {
    const values = { questions: '管理の状況は', due: '2030-12-05' }
    const [stays, ends] = [await open('management', values), await open('management', values)]
    await work(ends.id, 'reply')
    await take(ends, 'close', { conclusion: 'よい' })
    const [now, past] = [await listed(''), await listed('?state=closed')]
    expect(now.map(({ id }) => id)).toContain(stays.id)
    expect(now.map(({ id }) => id)).not.toContain(ends.id)
    expect(past[0]?.id).toBe(ends.id)
    expect(past.map(({ id }) => id)).not.toContain(stays.id)
    expect(await listed('?state=open')).toEqual(now)
    expect(await listed('?state=closed&page=2')).toEqual([])
    expect(now.find(({ id }) => id === stays.id)?.dueOn).toBe('2030-12-05')
    for (const query of ['?state=late', '?page=0'])
      expect((await program.call(`/duties${query}`)).status).toBe(422)
  })
})

test('a contract says its last day, and so do its flows', async () => {
  const [contract] = (await program.call('/contracts')).body['items'] as {
    to: string
    flows: { until: string; untilOn: string }[]
  }[]
  const flow = { until: '2030-03-31T15:00:00.000Z', untilOn: '2030-03-31' }
  expect(contract).toMatchObject({ to: '2030-03-31', flows: [flow, flow] })
})
