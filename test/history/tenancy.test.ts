/** Another resident's history: no id, no mark and no address of theirs leads anywhere (tenancy, L1). */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readCursor, writeCursor } from '../../src/history/model.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makeResident, type MadeResident } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { fillProvisions, history, hrefOn, signedIn, used } from './steps.ts'

let site: Site
let a: Browser
let b: Browser
let mine: MadeResident
let theirs: MadeResident
let serviceOfB: string

beforeAll(async () => {
  site = await openSite()
  mine = await makeResident(site.env)
  theirs = await makeResident(site.env)
  b = new Browser(site.issuer)
  const { service } = await used(site, { resident: theirs, browser: b }, ['sex'])
  serviceOfB = service.id
  await fillProvisions(site.env.db, theirs.id, service.id, {
    from: new Date('2026-05-01T00:00:00Z'),
    count: 60,
  })
  a = await signedIn(site, mine)
})
afterAll(() => site.close())

test('another resident’s entries never appear, whatever is filtered', async () => {
  const ids = new Set((await history(b)).map(({ id }) => id))
  for (const query of [
    '',
    `?service=${serviceOfB}`,
    '?kind=provision',
    '?item=sex',
    '?q=%E6%8F%90%E4%BE%9B',
  ])
    expect((await history(a, query)).filter(({ id }) => ids.has(id))).toEqual([])
  expect((await history(a, `?service=${serviceOfB}`)).length).toBe(0)
  for (const path of ['/account/history.csv', '/account/history.json', '/account/history/print']) {
    const text = (await a.open(path)).text
    expect([...ids].filter((id) => text.includes(id))).toEqual([])
  }
})

test('an id of theirs is not found, to read and to report', async () => {
  for (const { id, at, kind } of (await history(b)).slice(0, 80)) {
    const address = `/account/history/${id}/report?at=${Date.parse(at)}`
    const page: Page = await a.open(address)
    expect([kind, page.status]).toEqual([kind, 404])
  }
  const [own] = await history(a)
  const address = `/account/history/${own?.id}/report?at=${Date.parse(own?.at ?? '')}`
  const form = await a.open(address)
  expect(form.status).toBe(200)
  const [foreign] = await history(b)
  const sent = await a.submit(
    form,
    { text: 'これは自分のものではない記録です' },
    `/account/history/${foreign?.id}/report?at=${Date.parse(foreign?.at ?? '')}`,
  )
  expect(sent.status).toBe(404)
  expect(await site.env.db('rights_cases').where({ resident_id: mine.id })).toEqual([])
})

test('a mark made for them is refused, and so is one that was altered', async () => {
  const mark = new URL(
    hrefOn(await b.open('/account/history'), /rel="next"/) ?? '',
    site.issuer,
  ).searchParams.get('mark')
  expect((await b.open(`/account/history?mark=${mark}`)).status).toBe(200)
  expect((await a.open(`/account/history?mark=${mark}`)).status).toBe(422)
  const key = site.env.secrets.cursor
  const place = {
    at: new Date('2026-05-01T00:00:00Z'),
    id: site.env.newId(),
    way: 'older',
  } as const
  const own = writeCursor(key, mine.id, place)
  expect(readCursor(key, mine.id, own)).toEqual(place)
  for (const altered of [
    own.replace('o.', 'n.'),
    `${own}x`,
    own.slice(0, -1),
    own.replace(/\.\w+\./, '.zz.'),
  ])
    expect(readCursor(key, mine.id, altered)).toBeUndefined()
  expect(readCursor(key, theirs.id, own)).toBeUndefined()
})

test('a report reaches the consortium once, with its evidence and without the reporter’s values', async () => {
  const [entry] = await history(b, '?kind=provision')
  const form = await b.open(
    `/account/history/${entry?.id}/report?at=${Date.parse(entry?.at ?? '')}`,
  )
  expect(form.text).toContain('個人情報保護委員会')
  expect(form.text).toContain(`/account/proofs/${entry?.id}`)
  const empty = await b.submit(form, { text: ' ' })
  expect(empty.status).toBe(422)
  const done = await b.submit(form, { text: '覚えのない提供です' })
  expect(done.text).toMatch(/R-20\d\d-\d{4}/)
  await b.submit(form, { text: '覚えのない提供です' })
  const cases = await site.env.db('rights_cases').where({ resident_id: theirs.id, kind: 'report' })
  expect(cases).toHaveLength(1)
  const [step] = await site.env.db('case_steps').where({ case_id: cases[0].id, step: 'received' })
  const { rows } = await site.env.db.raw<{ rows: { hash: string }[] }>(
    `select encode(leaf_hash, 'hex') as hash from provision_records where id = ?`,
    [entry?.id ?? ''],
  )
  expect(step.body.evidence).toMatchObject({
    entry: entry?.id,
    kind: 'provision',
    leaf_hash: rows[0]?.hash,
  })
  expect(JSON.stringify(step.body)).not.toMatch(/山田|覚えのない/)
  expect((await history(b)).map(({ kind }) => kind)).toContain('request')
})
