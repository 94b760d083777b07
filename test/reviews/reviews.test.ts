/** Two persons, on real PostgreSQL: what must not be approved, and races that only one may win (J4, J8, J10). */
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Env } from '../../src/env.ts'
import { marksOf } from '../../src/people/model.ts'
import type { Person } from '../../src/persons.ts'
import { Refusal, type Reason } from '../../src/refusal.ts'
import * as reviews from '../../src/reviews/actions.ts'
import type { Proposal } from '../../src/reviews/model.ts'
import { openWorld, type World } from '../support/env.ts'
import { until } from '../support/until.ts'

let world: World
let author: Person
let other: Person

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(() => {
  author = operator()
  other = operator()
})

type Identity = { email?: string; name?: string; number?: string }

/** Somebody with an account of their own; what is left out is theirs alone. */
function operator(
  { email, name, number }: Identity = {},
  kind: Person['kind'] = 'operator',
): Person {
  const own = randomBytes(4).toString('hex')
  const identity = {
    email: email ?? `${own}@consortium.example`,
    name: name ?? `担当 ${own}`,
    ...(number !== undefined && { number }),
  }
  return { kind, id: randomUUID(), marks: marksOf(world.env.secrets.people, identity) }
}

const draft = (by = author, body: reviews.Body = { text: 'first' }) =>
  reviews.draft(world.env, { kind: 'contract', subjectId: randomUUID(), memberId: null, body, by })

const seen = ({ id, hash }: Proposal, by: Person) => ({ id, hash, by })

async function proposed(by = author): Promise<Proposal> {
  return reviews.propose(world.env, seen(await draft(by), by))
}

/** Every approval that was written, by proposal. */
const written: string[] = []
const apply = async (_env: unknown, { id }: Proposal) => void written.push(id)
const approve = (proposal: Proposal, by: Person) =>
  reviews.approve(world.env, seen(proposal, by), apply)

const stateOf = async ({ id }: Proposal) => (await reviews.find(world.env, id))?.state
const turnsOf = async ({ id }: Proposal) =>
  (await reviews.turns(world.env, id)).map(({ turn }) => turn)

async function refused(what: Promise<unknown>): Promise<Reason | 'nothing'> {
  try {
    await what
    return 'nothing'
  } catch (error) {
    if (error instanceof Refusal) return error.reason
    throw error
  }
}

describe('a second person', () => {
  test('approves what another wrote, once, and the turns say so', async () => {
    const proposal = await proposed()
    expect((await approve(proposal, other)).state).toBe('approved')
    expect(written.filter((id) => id === proposal.id)).toHaveLength(1)
    expect(await turnsOf(proposal)).toEqual(['drafted', 'proposed', 'approved'])
    expect(await refused(approve(proposal, operator()))).toBe('wrong_state')
  })

  test('is not the author, nor who proposed it, nor who once edited it', async () => {
    const editor = operator()
    const first = await draft()
    const edited = await reviews.edit(world.env, {
      ...seen(first, editor),
      body: { text: 'other' },
    })
    const again = await reviews.edit(world.env, { ...seen(edited, author), body: { text: 'mine' } })
    const proposer = operator()
    const proposal = await reviews.propose(world.env, seen(again, proposer))
    for (const hand of [author, editor, proposer])
      expect(await refused(approve(proposal, hand))).toBe('second_person_needed')
    expect(await stateOf(proposal)).toBe('proposed')
    expect(written).not.toContain(proposal.id)
    expect(await refused(approve(proposal, other))).toBe('nothing')
  })

  test.each<[string, Identity, Identity]>([
    [
      'the same mailbox behind a tag',
      { email: 'sato@consortium.example' },
      { email: 'Sato+second@consortium.example' },
    ],
    ['the same name with other blanks', { name: '佐藤　一郎' }, { name: '佐藤 一郎' }],
    ['the same staff number', { number: 'A-0012' }, { number: 'a-0012' }],
  ])('is not %s', async (_, one, same) => {
    const proposal = await proposed(operator(one))
    expect(await refused(approve(proposal, operator(same)))).toBe('second_person_needed')
    expect(await stateOf(proposal)).toBe('proposed')
    expect(await refused(approve(proposal, other))).toBe('nothing')
  })

  test('is never staff of a company', async () => {
    const proposal = await proposed()
    expect(await refused(approve(proposal, operator({}, 'staff')))).toBe('second_person_needed')
    expect(await stateOf(proposal)).toBe('proposed')
  })

  test('is not the staff member who wrote it, as an operator of the same name', async () => {
    const staff = operator({ name: '高橋 三子' }, 'staff')
    const submitted = await reviews.submit(world.env, seen(await draft(staff), staff))
    const proposal = await reviews.propose(world.env, seen(submitted, author))
    expect(await refused(approve(proposal, operator({ name: '高橋 三子' })))).toBe(
      'second_person_needed',
    )
  })
})

describe('what was seen', () => {
  test('an edit voids the proposal, and the older hash approves nothing', async () => {
    const proposal = await proposed()
    const body = { text: 'changed meanwhile' }
    const edited = await reviews.edit(world.env, { ...seen(proposal, author), body })
    expect(edited.state).toBe('draft')
    expect(await refused(approve(proposal, other))).toBe('changed_meanwhile')
    const again = await reviews.propose(world.env, seen(edited, author))
    expect(await refused(approve(proposal, other))).toBe('changed_meanwhile')
    expect(await refused(approve(again, other))).toBe('nothing')
  })

  test('the same text about another subject has another hash', async () => {
    const [one, two] = [await proposed(), await proposed()]
    expect(one.body).toEqual(two.body)
    expect(one.hash).not.toBe(two.hash)
    expect(await refused(approve({ ...one, hash: two.hash }, other))).toBe('changed_meanwhile')
    expect(await stateOf(one)).toBe('proposed')
  })

  test('a proposal that is none is not found', async () => {
    const proposal = await proposed()
    expect(await refused(approve({ ...proposal, id: randomUUID() }, other))).toBe('not_found')
    expect(await refused(approve({ ...proposal, id: 'x' }, other))).toBe('not_found')
  })

  test('nothing is approved where writing it fails', async () => {
    const proposal = await proposed()
    const failing = reviews.approve(world.env, seen(proposal, other), () =>
      Promise.reject(new Refusal('wrong_state')),
    )
    expect(await refused(failing)).toBe('wrong_state')
    expect(await stateOf(proposal)).toBe('proposed')
    expect(await turnsOf(proposal)).toEqual(['drafted', 'proposed'])
  })
})

describe('the life of a proposal', () => {
  test('is told in its order, also where all of it is of one moment', async () => {
    world.setNow(new Date())
    for (let n = 0; n < 6; n++) {
      const proposal = await proposed()
      await approve(proposal, other)
      expect(await turnsOf(proposal)).toEqual(['drafted', 'proposed', 'approved'])
    }
    world.setNow(undefined)
  })

  test.each(['refused', 'withdrawn'] as const)('%s is over', async (end) => {
    const proposal = await proposed()
    await (end === 'refused'
      ? reviews.refuse(world.env, { ...seen(proposal, other), note: '期間が長すぎます' })
      : reviews.withdraw(world.env, seen(proposal, author)))
    expect(await refused(approve(proposal, operator()))).toBe('wrong_state')
    const editing = reviews.edit(world.env, { ...seen(proposal, author), body: {} })
    expect(await refused(editing)).toBe('wrong_state')
    expect(await refused(reviews.propose(world.env, seen(proposal, author)))).toBe('wrong_state')
    expect(written).not.toContain(proposal.id)
  })

  test('a draft and something submitted are not approved before somebody stands for them', async () => {
    const first = await draft()
    expect(await refused(approve(first, other))).toBe('wrong_state')
    const submitted = await reviews.submit(world.env, seen(first, author))
    expect(await refused(approve(submitted, other))).toBe('wrong_state')
  })

  test.each(['', '   '])('nobody is sent back or away without a word (%j)', async (note) => {
    const proposal = await proposed()
    for (const step of [reviews.giveBack, reviews.refuse])
      expect(await refused(step(world.env, { ...seen(proposal, other), note }))).toBe(
        'invalid_input',
      )
    expect(await stateOf(proposal)).toBe('proposed')
  })

  test('turns and revisions cannot be rewritten', async () => {
    const { id } = await proposed()
    const { db } = world.env
    await expect(db('proposal_turns').where({ proposal_id: id }).delete()).rejects.toThrow()
    await expect(
      db('proposal_revisions').where({ proposal_id: id }).update({ author_id: 'x' }),
    ).rejects.toThrow()
  })

  test('every turn is in the audit record with the hashes before and after', async () => {
    const first = await draft()
    const edited = await reviews.edit(world.env, { ...seen(first, author), body: { text: 'two' } })
    const proposal = await reviews.propose(world.env, seen(edited, author))
    await approve(proposal, other)
    const rows = (await world.env
      .db('audit_events')
      .where({ object_id: proposal.id })
      .orderBy(['at', 'act'])
      .select('act', 'actor_id', 'details')) as {
      act: string
      actor_id: string
      details: { before: string | null; after: string }
    }[]
    const of = (act: string) => rows.filter((row) => row.act === `reviews.${act}`)
    expect(of('drafted').map(({ details }) => details)).toMatchObject([
      { before: null, after: first.hash },
    ])
    expect(of('edited').map(({ details }) => details)).toMatchObject([
      { before: first.hash, after: edited.hash },
    ])
    expect(of('proposed')).toHaveLength(1)
    expect(of('approved')).toMatchObject([
      { actor_id: other.id, details: { before: edited.hash, after: edited.hash } },
    ])
  })
})

describe('races', () => {
  // Connections that are open already, so that the decisions meet.
  beforeAll(async () => {
    await Promise.all(Array.from({ length: 12 }, () => world.env.db.raw('select pg_sleep(0.1)')))
  })

  test('of 50 approvals at once exactly one is written', async () => {
    const proposal = await proposed()
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => refused(approve(proposal, operator()))),
    )
    expect(outcomes.filter((one) => one === 'nothing')).toHaveLength(1)
    expect(new Set(outcomes.filter((one) => one !== 'nothing'))).toEqual(new Set(['wrong_state']))
    expect(written.filter((id) => id === proposal.id)).toHaveLength(1)
    expect((await turnsOf(proposal)).filter((turn) => turn === 'approved')).toHaveLength(1)
  })

  test('an edit and an approval at once: never both, and what is approved is what was seen', async () => {
    for (let n = 0; n < 10; n++) {
      const proposal = await proposed()
      const body = { text: `edit ${n}` }
      const [edit, approval] = await Promise.all([
        refused(reviews.edit(world.env, { ...seen(proposal, author), body })),
        refused(approve(proposal, other)),
      ])
      expect([edit, approval].filter((one) => one === 'nothing')).toHaveLength(1)
      const now = await reviews.find(world.env, proposal.id)
      expect([now?.state, now?.hash === proposal.hash]).toEqual(
        approval === 'nothing' ? ['approved', true] : ['draft', false],
      )
    }
  })

  /** Steps that wait for a proposal which one transaction holds, until it ends; `first` is what it does itself. */
  async function waiting(
    { id }: Proposal,
    first: (env: Env) => Promise<unknown>,
    ...steps: (() => Promise<unknown>)[]
  ): Promise<(Reason | 'nothing')[]> {
    const held = await world.env.db.transaction()
    await held('proposals').where({ id }).forUpdate().first('id')
    await first({ ...world.env, db: held })
    const asked = Promise.all(steps.map((step) => refused(step())))
    await until(`${steps.length} wait`, async () => {
      const { rows } = (await held.raw(
        `select count(*)::int as n from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      )) as { rows: { n: number }[] }
      return rows[0]?.n === steps.length
    })
    await held.commit()
    return asked
  }

  test('of four edits that wait for each other one is written, the others hear of it', async () => {
    const proposal = await draft()
    const edits = Array.from({ length: 4 }, (_, n) => () => {
      return reviews.edit(world.env, { ...seen(proposal, author), body: { text: `edit ${n}` } })
    })
    const outcomes = await waiting(proposal, async () => undefined, ...edits)
    const late = 'changed_meanwhile'
    expect(outcomes.toSorted()).toEqual([late, late, late, 'nothing'])
    expect((await reviews.find(world.env, proposal.id))?.revision).toBe(2)
  })

  test('an approval that waits for an edit hears that it was changed', async () => {
    const proposal = await proposed()
    const outcomes = await waiting(
      proposal,
      (env) => reviews.edit(env, { ...seen(proposal, author), body: { text: 'other' } }),
      () => approve(proposal, other),
    )
    expect(outcomes).toEqual(['changed_meanwhile'])
    expect(written).not.toContain(proposal.id)
    expect(await stateOf(proposal)).toBe('draft')
  })

  test('a refusal and an approval at once: one of them', async () => {
    for (let n = 0; n < 5; n++) {
      const proposal = await proposed()
      const outcomes = await Promise.all([
        refused(approve(proposal, other)),
        refused(reviews.refuse(world.env, { ...seen(proposal, operator()), note: 'no' })),
      ])
      expect(outcomes.filter((one) => one === 'nothing')).toHaveLength(1)
    }
  })
})
