/** Giving, refusing, narrowing, pausing and withdrawing on a real database, and what each leaves behind as evidence. */
import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { canonical, commitment, leafHash } from '../../src/audit/model.ts'
import type { ItemId } from '../../src/catalogue/model.ts'
import * as catalogues from '../../src/catalogue/actions.ts'
import * as consents from '../../src/consents/actions.ts'
import { question } from '../../src/consents/asking.ts'
import type { Consent } from '../../src/consents/model.ts'
import type { Env } from '../../src/env.ts'
import * as residents from '../../src/residents/actions.ts'
import { claimsOf, type Resident } from '../../src/residents/model.ts'
import * as services from '../../src/services/actions.ts'
import { unseal } from '../../src/vault.ts'
import {
  makeContractVersion,
  makeResident,
  makeService,
  makeServiceVersion,
  type MadeService,
} from '../support/builders.ts'
import { openWorld, type World } from '../support/env.ts'

let world: World
let env: Env
let resident: Resident
let service: MadeService

beforeAll(async () => {
  world = await openWorld()
  env = world.env
})
afterAll(() => world.close())

/** A service of its own for each test; residents are dearer (a password is hashed), so most tests share one. */
beforeEach(async () => {
  world.setNow(undefined)
  resident ??= await makeResident(env)
  service = await makeService(env)
})

const ALL: ItemId[] = ['user_id', 'name', 'email', 'birth_year', 'sex', 'address']

type Shown = { asked?: ItemId[]; person?: Resident; made?: MadeService; uid?: string | null }

/** Serves the screen, without a page around it, and returns what an answer to it needs. */
async function show({ asked = ALL, person, made, uid = null }: Shown = {}) {
  const to = person ?? resident
  const now = await services.byId(env, (made ?? service).id)
  if (!now) throw new Error('no such service')
  const { offer, asksFor } = await question(env, to, now, asked)
  const id = env.newId()
  const pageHash = randomBytes(32)
  await consents.recordShowing(env, {
    catalogue: await catalogues.catalogue(env),
    id,
    resident: to,
    offer,
    reason: asksFor,
    interactionUid: uid,
    language: 'ja',
    pageHash,
  })
  return { resident: to, offer, showingId: id, interactionUid: uid, reason: asksFor, pageHash }
}

async function agree(picked: ItemId[] = [], shown: Shown = {}): Promise<Consent> {
  const consent = await consents.give(env, await show(shown), picked)
  if (!consent) throw new Error('refused')
  return consent
}

const itemsOf = (consent: Consent | undefined) => consent?.items.map((item) => item.item)
const counted = async (table: string, where: object = {}) =>
  Number((await env.db(table).where(where).count({ n: '*' }))[0]?.['n'])
const refusal = (reason: string, code?: string) =>
  expect.objectContaining({ reason, ...(code && { details: expect.objectContaining({ code }) }) })
const newest = () => consents.newest(env, resident.id, service.id)

describe('give', () => {
  test('agrees to what is required and what was ticked, and remembers what was not', async () => {
    const consent = await agree(['address'])
    expect(itemsOf(consent)).toEqual(['user_id', 'name', 'email', 'address'])
    expect(consent).toMatchObject({
      kind: 'given',
      version: 1,
      declined: ['birth_year', 'sex'],
      language: 'ja',
      template: 'city-platform',
      subjectType: 'public',
      deletionRequested: false,
    })
    const standing = await newest()
    expect(standing?.agreement).toMatchObject({ endedAt: null, endKind: null })
    expect(standing?.consent).toEqual(consent)
  })

  test('the same answer again is the same consent', async () => {
    const answer = await show()
    const first = await consents.give(env, answer, ['sex'])
    expect(await consents.give(env, answer, ['sex'])).toEqual(first)
    expect(await consents.give(env, answer, [])).toEqual(first)
    expect(await counted('consents', { service_id: service.id })).toBe(1)
  })

  test('fifty answers at once make one consent', async () => {
    const answer = await show()
    const all = await Promise.all(
      Array.from({ length: 50 }, () => consents.give(env, answer, ['sex'])),
    )
    expect(new Set(all.map((c) => c?.id)).size).toBe(1)
    expect(await counted('consents', { service_id: service.id })).toBe(1)
    expect(await counted('agreements', { service_id: service.id })).toBe(1)
    expect(await counted('showing_answers', { showing_id: answer.showingId })).toBe(1)
  })

  test('two showings answered at once make two versions of one agreement', async () => {
    const [one, two] = [await show(), await show()]
    await Promise.all([consents.give(env, one, []), consents.give(env, two, ['sex'])])
    const rows = await env.db('consents').where({ service_id: service.id }).orderBy('version')
    expect(rows.map((row) => row.version)).toEqual([1, 2])
    expect(new Set(rows.map((row) => row.agreement_id)).size).toBe(1)
  })

  test('answers an earlier showing after a later one was served', async () => {
    const early = await show()
    await show()
    expect(itemsOf(await consents.give(env, early, []))).toEqual(['user_id', 'name', 'email'])
  })

  test('a showing that was refused stays refused', async () => {
    const answer = await show()
    expect(await consents.refuse(env, answer)).toBe(true)
    expect(await consents.give(env, answer, [])).toBeUndefined()
    expect(await newest()).toBeUndefined()
  })

  test('an answered showing cannot bring back what was withdrawn since', async () => {
    const answer = await show()
    await consents.give(env, answer, [])
    await consents.withdraw(env, resident, service.id)
    await expect(consents.give(env, answer, [])).rejects.toEqual(refusal('already_answered'))
    expect((await newest())?.agreement.endKind).toBe('withdrawn')
  })

  test('an answered showing cannot bring back what a later answer replaced', async () => {
    const answer = await show()
    await consents.give(env, answer, ['sex'])
    await agree([])
    await expect(consents.give(env, answer, ['sex'])).rejects.toEqual(refusal('already_answered'))
    expect(itemsOf((await newest())?.consent)).toEqual(['user_id', 'name', 'email'])
  })

  test('an unanswered showing from before a withdrawal can still be agreed to: it is a new act', async () => {
    await agree()
    const answer = await show()
    await consents.withdraw(env, resident, service.id)
    const consent = await consents.give(env, answer, [])
    expect(consent).toMatchObject({ kind: 'given', version: 1 })
  })

  test.each<[string, string[]]>([
    ['an item the service does not ask for', ['phone_number']],
    ['an item of the catalogue that is not offered', ['birth_year', 'address']],
    ['a required item', ['name']],
    ['the user ID', ['user_id']],
    ['an item twice', ['sex', 'sex']],
    ['a name of Object.prototype', ['__proto__']],
    ['an empty name', ['']],
  ])('refuses %s', async (_, picked) => {
    const answer = await show({ asked: ['user_id', 'name', 'email', 'sex'] })
    await expect(consents.give(env, answer, picked)).rejects.toEqual(
      refusal('invalid_input', 'item_not_offered'),
    )
    expect(await newest()).toBeUndefined()
    // Nothing is left behind, not even the answer: the same page can still be answered rightly.
    expect(await counted('showing_answers', { showing_id: answer.showingId })).toBe(0)
    expect(itemsOf(await consents.give(env, answer, ['sex']))).toContain('sex')
  })

  test("refuses another resident's showing, another service's and another interaction's", async () => {
    const other = await makeService(env)
    const mine = await show({ uid: 'interaction-1' })
    const elsewhere = await show({ made: other, uid: 'interaction-1' })
    const neighbour = { ...resident, id: env.newId() }
    const foreign = refusal('interaction_foreign', 'foreign_showing')
    for (const answer of [
      { ...mine, resident: neighbour },
      { ...mine, offer: elsewhere.offer },
      { ...mine, interactionUid: 'interaction-2' },
      { ...mine, interactionUid: null },
      { ...mine, showingId: env.newId() },
    ]) {
      await expect(consents.give(env, answer, [])).rejects.toEqual(foreign)
      await expect(consents.refuse(env, answer)).rejects.toEqual(foreign)
    }
    expect(await counted('showing_answers', { showing_id: mine.showingId })).toBe(0)
  })

  test.each<[string, () => Promise<unknown>]>([
    ['a new version of the service', () => makeServiceVersion(env, service, 2)],
    ['a new version of the contract', () => makeContractVersion(env, service.contractId, 2)],
    [
      'other purposes',
      () => makeServiceVersion(env, service, 2, { purposes: ['contact', 'service_delivery'] }),
    ],
  ])('an answer to a page from before %s is stale', async (_, move) => {
    const answer = await show()
    await move()
    const { offer } = await show()
    await expect(consents.give(env, { ...answer, offer }, [])).rejects.toEqual(
      refusal('wrong_state', 'stale_showing'),
    )
    expect(await newest()).toBeUndefined()
    expect(await consents.refuse(env, answer)).toBe(true)
  })

  test('what changed since it was shown is not agreed to, and what was not ticked does not matter', async () => {
    const person = await makeResident(env)
    const answer = await show({ person })
    await residents.updateProfile(env, person.id, { sex: 'other' })
    await expect(consents.give(env, answer, ['sex'])).rejects.toEqual(
      refusal('wrong_state', 'stale_showing'),
    )
    expect(await counted('consents', { resident_id: person.id })).toBe(0)
    expect(itemsOf(await consents.give(env, answer, ['address']))).toContain('address')
  })

  test.each<[string, () => Promise<unknown>, string]>([
    [
      'suspended',
      () => env.db('services').where({ id: service.id }).update({ status: 'suspended' }),
      'service_not_available',
    ],
    [
      'out of contract',
      () =>
        makeContractVersion(env, service.contractId, 2, {
          endsAt: new Date(Date.now() - 86_400_000),
        }),
      'contract_not_in_force',
    ],
    [
      'of an excluded company',
      () => env.db('members').where({ id: service.memberId }).update({ status: 'excluded' }),
      'service_not_available',
    ],
  ])('nothing is agreed with a service that is %s', async (_, stop, reason) => {
    const answer = await show()
    await stop()
    const now = await services.byId(env, service.id)
    if (!now) throw new Error('gone')
    const offer = { ...answer.offer, service: now }
    await expect(consents.give(env, { ...answer, offer }, [])).rejects.toEqual(refusal(reason))
    expect(await newest()).toBeUndefined()
  })

  describe('where a value is missing', () => {
    let bare: Resident
    beforeAll(async () => {
      bare = await makeResident(env, { postal_code: '', region: '', locality: '', sex: '' })
    })

    test('a required one must be registered first', async () => {
      service = await makeService(env, { required: ['name', 'address'], optional: ['sex'] })
      const answer = await show({ person: bare })
      await expect(consents.give(env, answer, [])).rejects.toMatchObject({
        reason: 'invalid_input',
        details: { code: 'value_missing', fields: { address: 'value_missing' } },
      })
      expect(await counted('consents', { service_id: service.id })).toBe(0)
    })
    test('an optional one that is ticked too', async () => {
      const answer = await show({ person: bare })
      await expect(consents.give(env, answer, ['sex'])).rejects.toEqual(
        refusal('invalid_input', 'value_missing'),
      )
    })
    test('an optional one that is not ticked does not matter', async () => {
      expect(itemsOf(await agree(['birth_year'], { person: bare }))).toEqual([
        'user_id',
        'name',
        'email',
        'birth_year',
      ])
    })
  })

  test('nothing is agreed while the sign-up consent to provision is off', async () => {
    const silent = await makeResident(env, {}, false)
    const answer = await show({ person: silent })
    await expect(consents.give(env, answer, [])).rejects.toEqual(
      refusal('wrong_state', 'provision_off'),
    )
    expect(await counted('consents', { resident_id: silent.id })).toBe(0)
  })

  test('what had been declined and was not asked this time stays declined', async () => {
    await agree([])
    const consent = await agree([], { asked: ['user_id', 'name', 'email', 'sex'] })
    expect([...consent.declined].sort()).toEqual(['address', 'birth_year', 'sex'])
  })

  test('a request for less shows what is in force as well, and the new version is what is then ticked', async () => {
    await agree(['birth_year', 'address'])
    const answer = await show({ asked: ['user_id', 'name', 'sex'] })
    expect(answer.offer.items.map((i) => i.item)).toEqual([
      'user_id',
      'name',
      'email',
      'birth_year',
      'sex',
      'address',
    ])
    const consent = await consents.give(env, answer, ['sex', 'address'])
    expect(itemsOf(consent)).toEqual(['user_id', 'name', 'email', 'sex', 'address'])
    expect(consent).toMatchObject({ version: 2, kind: 'changed', declined: ['birth_year'] })
  })

  test('after the end has passed an answer begins a new agreement', async () => {
    const first = await agree(['sex'])
    world.setNow(new Date(first.endsAt.getTime() + 1000))
    const answer = await show()
    expect(answer.reason).toBe('expired')
    const second = await consents.give(env, answer, [])
    expect(second).toMatchObject({ version: 1, kind: 'given', declined: expect.anything() })
    expect(second?.agreementId).not.toBe(first.agreementId)
    const old = await env.db('agreements').where({ id: first.agreementId }).first()
    expect(old.end_kind).toBe('expired')
  })

  test('another recipient or kind of ID is another agreement', async () => {
    const first = await agree()
    await makeContractVersion(env, service.contractId, 2, { subjectType: 'pairwise' })
    const answer = await show()
    expect(answer.reason).toBe('terms_changed')
    const second = await consents.give(env, answer, [])
    expect(second).toMatchObject({ subjectType: 'pairwise', version: 1 })
    const old = await env.db('agreements').where({ id: first.agreementId }).first()
    expect(old.end_kind).toBe('superseded')
  })

  test('asks and answers within one tick of the clock stand in order', async () => {
    world.setNow(new Date('2026-11-21T03:00:00.000Z'))
    const consent = await agree()
    expect(consent.shownAt && consent.shownAt < consent.agreedAt).toBe(true)
  })
})

describe('refuse', () => {
  test('grants nothing, is kept, and stands when repeated', async () => {
    const answer = await show()
    expect(await consents.refuse(env, answer)).toBe(true)
    expect(await consents.refuse(env, answer)).toBe(true)
    expect(await newest()).toBeUndefined()
    const events = await env.db('audit_events').where({ object_id: service.id })
    expect(events.map((e) => e.act)).toEqual(['consents.refused'])
  })
  test('does not undo what was agreed on the same showing', async () => {
    const answer = await show()
    await consents.give(env, answer, [])
    expect(await consents.refuse(env, answer)).toBe(false)
    expect((await newest())?.agreement.endedAt).toBeNull()
  })
  test('leaves the consent in force alone when asked again', async () => {
    const consent = await agree(['sex'])
    await consents.refuse(env, await show())
    expect((await newest())?.consent).toEqual(consent)
  })
  test('agree and refuse at once: one of them wins, both are told which', async () => {
    const answer = await show()
    const [given, refused] = await Promise.all([
      consents.give(env, answer, []),
      consents.refuse(env, answer),
    ])
    expect(Boolean(given)).toBe(!refused)
    expect(await counted('consents', { service_id: service.id })).toBe(given ? 1 : 0)
  })
})

describe('change', () => {
  const items = (consent: Consent) => itemsOf(consent) ?? []

  test('leaves an optional item out and ends earlier', async () => {
    const consent = await agree(['sex', 'address'])
    const endsAt = new Date(Date.now() + 86_400_000)
    const keep = items(consent).filter((id) => id !== 'sex')
    const changed = await consents.change(env, resident, service.id, { keep, endsAt, version: 1 })
    expect(changed).toMatchObject({
      version: 2,
      kind: 'changed',
      endsAt,
      declined: ['birth_year', 'sex'],
    })
    expect(itemsOf(changed)).toEqual(['user_id', 'name', 'email', 'address'])
    expect((await newest())?.consent).toEqual(changed)
  })
  test('does nothing where nothing was narrowed', async () => {
    const consent = await agree(['sex'])
    const same = { keep: items(consent), endsAt: consent.endsAt, version: 1 }
    expect(await consents.change(env, resident, service.id, same)).toEqual(consent)
    expect(await counted('consents', { service_id: service.id })).toBe(1)
  })
  test('an item left out is not asked for again', async () => {
    const consent = await agree(['sex'])
    const keep = items(consent).filter((id) => id !== 'sex')
    await consents.change(env, resident, service.id, { keep, endsAt: undefined, version: 1 })
    const now = await services.byId(env, service.id)
    if (!now) throw new Error('gone')
    expect((await question(env, resident, now, ALL)).reason).toBeUndefined()
  })
  test('refuses what another page changed first', async () => {
    const consent = await agree(['sex', 'address'])
    const without = (id: string) => ({
      keep: items(consent).filter((item) => item !== id),
      endsAt: undefined,
      version: 1,
    })
    await consents.change(env, resident, service.id, without('sex'))
    await expect(consents.change(env, resident, service.id, without('address'))).rejects.toEqual(
      refusal('wrong_state', 'other_version'),
    )
    expect(itemsOf((await newest())?.consent)).toEqual(['user_id', 'name', 'email', 'address'])
  })
  test.each([
    ['a required item out', ['user_id', 'name'], undefined, { item: 'required_item' }],
    [
      'an item in',
      ['user_id', 'name', 'email', 'sex', 'address'],
      undefined,
      { item: 'not_agreed' },
    ],
    [
      'a later end',
      ['user_id', 'name', 'email', 'sex'],
      new Date('2099-01-01'),
      { until: 'until_not_earlier' },
    ],
  ])('refuses %s', async (_, keep, endsAt, fields) => {
    await agree(['sex'])
    await expect(
      consents.change(env, resident, service.id, { keep, endsAt, version: 1 }),
    ).rejects.toMatchObject({ reason: 'invalid_input', details: { fields } })
    expect(await counted('consents', { service_id: service.id })).toBe(1)
  })
  test('refuses where nothing is in force', async () => {
    await expect(
      consents.change(env, resident, service.id, { keep: [], endsAt: undefined, version: 1 }),
    ).rejects.toEqual(refusal('consent_not_found'))
  })
})

describe('withdraw and pause', () => {
  test('withdrawing adds a row and edits none', async () => {
    const consent = await agree(['sex'])
    const before = await env.db('consents').where({ id: consent.id }).first()
    const done = await consents.withdraw(env, resident, service.id, true)
    expect(done).toMatchObject({
      kind: 'withdrawn',
      version: 2,
      items: [],
      deletionRequested: true,
    })
    expect(await env.db('consents').where({ id: consent.id }).first()).toEqual(before)
    expect((await newest())?.agreement.endKind).toBe('withdrawn')
  })
  test('a second withdrawal finds nothing, also at the same moment', async () => {
    await agree()
    const all = await Promise.allSettled([
      consents.withdraw(env, resident, service.id),
      consents.withdraw(env, resident, service.id),
      consents.withdraw(env, resident, service.id),
    ])
    expect(all.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    for (const one of all)
      if (one.status === 'rejected') expect(one.reason).toEqual(refusal('consent_not_found'))
    expect(await counted('consents', { service_id: service.id, kind: 'withdrawn' })).toBe(1)
  })
  test('withdrawing and agreeing at the same moment end in one of the two orders', async () => {
    await agree()
    const answer = await show()
    await Promise.all([
      consents.give(env, answer, ['sex']),
      consents.withdraw(env, resident, service.id),
    ])
    const open = await counted('agreements', { service_id: service.id, ended_at: null })
    const standing = await newest()
    expect(open).toBe(standing?.agreement.endedAt ? 0 : 1)
    expect(standing?.consent.kind).toBe(open ? 'given' : 'withdrawn')
  })
  test('pausing ends the agreement, resuming asks and begins another', async () => {
    const consent = await agree(['sex'])
    await consents.pause(env, resident, service.id)
    expect((await newest())?.agreement.endKind).toBe('paused')
    const answer = await show()
    expect(answer.reason).toBe('paused')
    const again = await consents.give(env, answer, [])
    expect(again?.agreementId).not.toBe(consent.agreementId)
  })
  test('what is paused can be withdrawn, and then is not paused any more', async () => {
    await agree(['sex'])
    await consents.pause(env, resident, service.id)
    const done = await consents.withdraw(env, resident, service.id, true)
    expect(done).toMatchObject({ kind: 'withdrawn', version: 3, deletionRequested: true })
    const standing = await newest()
    expect(standing?.agreement).toMatchObject({ endKind: 'withdrawn', endedAt: done.agreedAt })
    await expect(consents.withdraw(env, resident, service.id)).rejects.toEqual(
      refusal('consent_not_found'),
    )
    expect((await show()).reason).toBe('withdrawn')
  })
  test('pausing what is paused finds nothing', async () => {
    await agree()
    await consents.pause(env, resident, service.id)
    await expect(consents.pause(env, resident, service.id)).rejects.toEqual(
      refusal('consent_not_found'),
    )
  })
  test('all at once: what is in force and what is paused, once each; what had ended is left', async () => {
    const person = await makeResident(env)
    const [live, paused, gone, expired] = [
      await makeService(env),
      await makeService(env),
      await makeService(env),
      await makeService(env, { endsAt: new Date(Date.now() + 3_600_000) }),
    ]
    for (const made of [live, paused, gone, expired]) await agree([], { person, made })
    await consents.pause(env, person, paused.id)
    await consents.withdraw(env, person, gone.id)
    world.setNow(new Date(Date.now() + 7_200_000))
    const [one, two] = await Promise.all([
      consents.withdrawAll(env, person, true),
      consents.withdrawAll(env, person, true),
    ])
    const done = [...one, ...two].map((c) => c.serviceId).sort()
    expect(done).toEqual([live.id, paused.id].sort())
    expect(await consents.withdrawAll(env, person)).toEqual([])
  })
})

describe('evidence', () => {
  test('canonical form, leaf hash and sealed salt of every consent version check out', async () => {
    const consent = await agree(['sex', 'address'])
    const keep = itemsOf(consent)?.filter((id) => id !== 'sex') ?? []
    await consents.change(env, resident, service.id, { keep, endsAt: undefined, version: 1 })
    await consents.withdraw(env, resident, service.id, true)
    const rows = await env.db('consents').where({ service_id: service.id }).orderBy('version')
    expect(rows.map((row) => row.kind)).toEqual(['given', 'changed', 'withdrawn'])
    for (const row of rows) {
      const hash = createHash('sha256')
        .update(Buffer.from([0]))
        .update(row.canonical)
        .digest()
      expect(row.leaf_hash).toEqual(hash)
      expect(leafHash(row.canonical)).toEqual(hash)
      const said = JSON.parse(row.canonical)
      expect(canonical(said)).toBe(row.canonical)
      const salt = unseal(resident.dataKey, row.salt, `consent:${row.id}`)
      expect(salt).toHaveLength(32)
      expect(said).toEqual({
        id: row.id,
        event: row.kind,
        agreement: row.agreement_id,
        version: row.version,
        subject: commitment(salt, resident.id),
        service: row.service_id,
        member: row.member_id,
        service_version: row.service_version_id,
        contract_version: row.contract_version_id,
        template: 'city-platform',
        template_version: row.template_version,
        template_hash: row.template_hash.toString('hex'),
        language: 'ja',
        showing: row.showing_id,
        page_hash: row.page_hash.toString('hex'),
        shown_at: row.shown_at?.toISOString() ?? null,
        agreed_at: row.agreed_at.toISOString(),
        items: row.items.map((i: Consent['items'][number]) => ({
          item: i.item,
          version: i.itemVersion,
          purposes: i.purposes,
          required: i.required,
        })),
        declined: row.declined,
        subject_type: row.subject_type,
        ends_at: row.ends_at.toISOString(),
        deletion_requested: row.deletion_requested,
      })
    }
    expect(new Set(rows.map((row) => row.salt.toString('hex'))).size).toBe(3)
  })

  test("a salt opens with the resident's own key only, and only for its row", async () => {
    const neighbour = await makeResident(env)
    const consent = await agree()
    const { salt } = await env.db('consents').where({ id: consent.id }).first()
    expect(() => unseal(neighbour.dataKey, salt, `consent:${consent.id}`)).toThrow()
    expect(() => unseal(resident.dataKey, salt, `consent:${env.newId()}`)).toThrow()
    expect(unseal(resident.dataKey, salt, `consent:${consent.id}`)).toHaveLength(32)
  })

  test('a showing commits to each value without holding it', async () => {
    const answer = await show()
    const row = await env.db('showings').where({ id: answer.showingId }).first()
    const said = JSON.parse(row.canonical)
    const salt = unseal(resident.dataKey, row.salt, `showing:${row.id}`)
    expect(canonical(said)).toBe(row.canonical)
    expect(Object.keys(said.values)).toEqual([...ALL].sort())
    for (const id of ALL) {
      const value =
        id === 'user_id'
          ? resident.userId
          : canonical(claimsOf(id, resident.profile, true) as Parameters<typeof canonical>[0])
      expect(said.values[id]).toBe(commitment(salt, value))
    }
    expect(said.page_hash).toBe(answer.pageHash.toString('hex'))
    for (const plain of ['山田', '花子', 'ヤマダ', '0600001', '札幌市', resident.userId])
      expect(row.canonical).not.toContain(plain)
    expect(row.canonical).not.toMatch(/(?<![\w-])1988(?![\w-])/)
  })

  test('the consent names exactly the showing, text and versions it answers', async () => {
    const answer = await show({ uid: 'interaction-9' })
    const consent = await consents.give(env, answer, [])
    const { service: now, template } = answer.offer
    expect(consent).toMatchObject({
      showingId: answer.showingId,
      pageHash: answer.pageHash,
      templateHash: template.hash.ja,
      templateVersion: template.version,
      serviceVersionId: now.version.id,
      contractVersionId: now.contract.id,
      memberId: now.member.id,
      endsAt: answer.offer.endsAt,
    })
    expect(consent?.shownAt && consent.shownAt < consent.agreedAt).toBe(true)
  })

  test.each(['consents', 'showings', 'showing_answers'])(
    '%s refuses update, delete and truncate',
    async (table) => {
      await agree()
      const column = table === 'showing_answers' ? 'decision' : 'id'
      for (const statement of [
        `update ${table} set ${column} = ${column}`,
        `delete from ${table}`,
        `truncate ${table} cascade`,
      ]) {
        await expect(env.db.raw(statement)).rejects.toMatchObject({ code: '42501' })
        await expect(world.owner.raw(statement)).rejects.toMatchObject({ code: '23000' })
      }
    },
  )

  test('a consent row whose showing came later than its answer is refused by the table', async () => {
    const consent = await agree()
    const row = await env.db('consents').where({ id: consent.id }).first()
    await expect(
      env.db('consents').insert({
        ...row,
        id: env.newId(),
        version: 9,
        items: JSON.stringify(row.items),
        shown_at: row.agreed_at,
      }),
    ).rejects.toMatchObject({ code: '23514' })
  })

  test('each act leaves one audit event, without a value in it', async () => {
    const consent = await agree(['sex'])
    await consents.pause(env, resident, service.id)
    await agree([])
    await consents.withdraw(env, resident, service.id)
    const agreements = await env.db('agreements').where({ service_id: service.id }).pluck('id')
    const events = await env.db('audit_events').whereIn('object_id', agreements).orderBy('at')
    expect(events.map((e) => e.act)).toEqual([
      'consents.given',
      'consents.paused',
      'consents.given',
      'consents.withdrawn',
    ])
    expect(events[0].details).toEqual({
      service: service.id,
      version: 1,
      items: itemsOf(consent),
    })
    expect(JSON.stringify(events)).not.toMatch(/山田|ヤマダ|(?<![\w-])1988(?![\w-])|female/)
  })

  test('what cannot be audited is not done', async () => {
    const answer = await show()
    await world.owner.raw('alter table audit_events rename to audit_events_away')
    try {
      await expect(consents.give(env, answer, [])).rejects.toThrow()
    } finally {
      await world.owner.raw('alter table audit_events_away rename to audit_events')
    }
    expect(await newest()).toBeUndefined()
    expect(await counted('showing_answers', { showing_id: answer.showingId })).toBe(0)
  })
})

test('a changed value is noticed by its commitment alone', async () => {
  const person = await makeResident(env)
  await agree(['address'], { person })
  const standing = await consents.newest(env, person.id, service.id)
  if (!standing) throw new Error('no consent')
  expect(await consents.changedValues(env, person, standing)).toEqual([])
  const moved = await residents.updateProfile(env, person.id, {
    postal_code: '0640801',
    region: '北海道',
    locality: '札幌市中央区',
    sex: 'other',
  })
  // Sex was not agreed: that it changed is nobody's business.
  expect(await consents.changedValues(env, moved, standing)).toEqual(['address'])
})
