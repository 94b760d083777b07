/** The audit record as the auditor reads it, and the file they take along (J10, L1, L5, J6). */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as audit from '../../src/audit/actions.ts'
import type { OperatorRole } from '../../src/persons.ts'
import * as reviews from '../../src/reviews/actions.ts'
import { Browser } from '../support/browser.ts'
import { makeOperator, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

let site: Site
let auditor: SignedInPerson
let registrar: SignedInPerson

beforeAll(async () => {
  site = await openSite()
  auditor = await makeOperator(site.env, ['auditor'], { name: '監査 花子' })
  registrar = await makeOperator(site.env, ['registrar'], { name: '受付 太郎' })
})
afterAll(() => site.close())

const as = (person: SignedInPerson) => {
  const one = new Browser(site.issuer)
  signIn(one, person)
  return one
}
const read = async (query = '') => (await as(auditor).open(`/admin/audit${query}`)).text
const event = (act: string, object = randomUUID(), details = {}) =>
  audit.record(site.env, {
    actor: { kind: 'operator', id: registrar.person.id },
    act,
    object: { kind: 'member', id: object },
    details,
  })

describe('who may read it', () => {
  test.each<[OperatorRole, number]>([
    ['auditor', 200],
    ['administrator', 200],
    ['privacy_officer', 200],
    ['registrar', 403],
    ['approver', 403],
  ])('%s: %d', async (role, status) => {
    const person = await makeOperator(site.env, [role])
    expect((await as(person).open('/admin/audit')).status).toBe(status)
    expect((await as(person).open('/admin/audit.csv')).status).toBe(status)
  })
})

describe('an event', () => {
  test('says who, in which role, did what to what, and the hashes before and after', async () => {
    const object = randomUUID()
    await event('test.whole', object, { before: 'a'.repeat(64), after: 'b'.repeat(64), count: 7 })
    const text = await read(`?q=${object}`)
    for (const said of [
      '受付 太郎',
      '受付・登録',
      'test.whole',
      object,
      'aaaaaaaaaaaa',
      'bbbbbbbbbbbb',
    ])
      expect(text).toContain(said)
    expect(text).toContain(`/admin/members/${object}`)
  })

  test('of a proposal carries the reason that was noted', async () => {
    const { env } = site
    const by = registrar.person
    const subjectId = randomUUID()
    const drafted = await reviews.draft(env, {
      kind: 'contract',
      subjectId,
      memberId: null,
      body: { number: 'K-1' },
      by,
    })
    const { id, hash } = await reviews.propose(env, { id: drafted.id, hash: drafted.hash, by })
    const note = '期間の終わりが早すぎます'
    await reviews.giveBack(env, { id, hash, by: auditor.person, note })
    const text = await read(`?q=${id}`)
    expect(text).toContain(note)
    expect(text).toContain('reviews.returned')
  })
})

describe('searching', () => {
  test('finds by the beginning of an act, by part of a name, by an id, and by kind of actor', async () => {
    const other = await makeOperator(site.env, ['approver'], { name: '別の 人' })
    await audit.record(site.env, {
      actor: { kind: 'operator', id: other.person.id },
      act: 'zebra.one',
    })
    await event('zebra.two')
    await audit.record(site.env, { actor: { kind: 'system', id: 'job' }, act: 'zebra.three' })
    const found = async (query: string) =>
      [...(await read(query)).matchAll(/>(zebra\.\w+)</g)]
        .map(([, act]) => act ?? '')
        .toSorted((a, b) => a.localeCompare(b))
    expect(await found('?q=zebra.')).toEqual(['zebra.one', 'zebra.three', 'zebra.two'])
    expect(await found('?q=zebra.t')).toEqual(['zebra.three', 'zebra.two'])
    expect(await found(`?q=${encodeURIComponent('別の')}`)).toEqual(['zebra.one'])
    expect(await found(`?q=${other.person.id}`)).toEqual(['zebra.one'])
    expect(await found('?q=zebra&actor=system')).toEqual(['zebra.three'])
    expect(await found('?q=zebra&from=2001-01-01&to=2001-12-31')).toEqual([])
    expect(await found('?q=z%25')).toEqual([])
    expect(await found('?q=zebra_one')).toEqual([])
  })

  test.each(["'", "' or 1=1 --", '%', '\\', '&order=id;--'])(
    'takes %s for nothing special',
    async (q) => {
      expect((await as(auditor).open(`/admin/audit?q=${q}`)).status).toBe(200)
    },
  )

  test.each(['from=2026-02-30', 'from=2026-11-21&to=2026-11-20', 'to=x'])(
    'days that are none are said at the field: %s',
    async (query) => {
      const page = await as(auditor).open(`/admin/audit?${query}`)
      expect(page.status).toBe(422)
      expect(page.text).toContain('aria-invalid="true"')
    },
  )

  test.each(['actor=x', 'actor=%00', 'actor=system&actor=operator'])(
    'a kind of actor we do not know is refused, on the page and as a file: %s (L1)',
    async (query) => {
      const page = await as(auditor).open(`/admin/audit?${query}`)
      expect([page.status, page.text.includes('id="actor-e"')]).toEqual([422, true])
      expect(page.text).not.toContain('id="cap-record"')
      expect((await as(auditor).open(`/admin/audit.csv?${query}`)).status).toBe(422)
    },
  )

  test('pages by key, each event once, in both orders', async () => {
    const at = new Date('2026-05-05T05:05:05.005Z')
    site.setNow(at)
    for (let n = 0; n < 120; n++) await event(`many.${String(n).padStart(3, '0')}`)
    site.setNow(undefined)
    for (const order of ['', '&order=oldest']) {
      const seen: string[] = []
      let next = `?q=many.${order}`
      for (let pages = 0; next && pages < 5; pages++) {
        const text = await read(next)
        seen.push(...[...text.matchAll(/many\.\d+/g)].map(([act]) => act))
        const href = /rel="next" href="\/admin\/audit([^"]*)"/.exec(text)?.[1] ?? ''
        next = href.replaceAll('&amp;', '&')
      }
      expect(seen).toHaveLength(120)
      expect(new Set(seen).size).toBe(120)
    }
  })

  test.each(['x', '1', '1.x', "1.';--", `99999999999999999.${randomUUID()}`, `-1.${randomUUID()}`])(
    'an altered cursor begins at the beginning: %s',
    async (after) => {
      const { status, text } = await as(auditor).open(
        `/admin/audit?q=many.&after=${encodeURIComponent(after)}`,
      )
      expect(status).toBe(200)
      expect([...text.matchAll(/many\.\d+/g)]).toHaveLength(50)
    },
  )
})

describe('taking it along', () => {
  test('asks for a fresh factor', async () => {
    const late = await makeOperator(site.env, ['auditor'])
    const old = new Date(Date.now() - 6 * 60_000)
    await site.env
      .db('operator_sessions')
      .where({ holder_id: late.person.id })
      .update({ confirmed_at: old })
    const page = await as(late).request('/admin/audit.csv')
    expect(page.status).toBe(303)
    expect(page.headers.get('location')).toMatch(/^\/admin\/confirm\?to=/)
  })

  test('gives the selection, every line, and is in the record itself', async () => {
    const page = await as(auditor).open('/admin/audit.csv?q=many.')
    expect(page.headers.get('content-type')).toContain('text/csv')
    expect(page.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-/)
    const lines = page.text.trimEnd().split('\r\n')
    expect(lines).toHaveLength(121)
    expect(lines[0]).toContain('actor_kind')
    const text = await read('?q=audit.export')
    expect(text).toContain('監査 花子')
    const row = (await site.env
      .db('audit_events')
      .where({ act: 'audit.export', actor_id: auditor.person.id })
      .first('details')) as { details: { count: number } }
    expect(row.details.count).toBe(120)
  })

  test('runs no formula', async () => {
    const id = randomUUID()
    const evil = await makeOperator(site.env, ['registrar'], { name: '=HYPERLINK("http://x")' })
    await audit.record(site.env, {
      actor: { kind: 'operator', id: evil.person.id },
      act: 'test.formula',
      object: { kind: 'member', id },
    })
    const { text } = await as(auditor).open(`/admin/audit.csv?q=${id}`)
    expect(text).toContain(`"'=HYPERLINK(""http://x"")"`)
  })

  test('nobody changes an event', async () => {
    await expect(site.env.db('audit_events').update({ act: 'x' })).rejects.toThrow()
    await expect(site.env.db('audit_events').delete()).rejects.toThrow()
  })
})
