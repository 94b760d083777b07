/** Who becomes an operator, with which rights, and for how long (J4, J5, J7, J8, J11, P-10). */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import * as operators from '../../src/operators/actions.ts'
import { warn } from '../../src/operators/jobs.ts'
import type { OperatorChange } from '../../src/operators/model.ts'
import { approve, end, endBox, propose, standing } from '../../src/operators/rights.ts'
import { numberMarkOf } from '../../src/people/model.ts'
import type { OperatorRole } from '../../src/persons.ts'
import { Refusal } from '../../src/refusal.ts'
import * as reviews from '../../src/reviews/actions.ts'
import { openWorld, type World } from '../support/env.ts'
import { makeOperator, type SignedInPerson } from '../support/people.ts'
import { equip } from '../people/steps.ts'

/** The day these tests are at, so that the days they name are ahead of it whenever they run. */
const TODAY = new Date('2026-11-21T03:00:00Z')

let world: World
let one: SignedInPerson
let two: SignedInPerson

beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

async function administrator(...roles: OperatorRole[]): Promise<SignedInPerson> {
  const made = await makeOperator(world.env, ['administrator', ...roles])
  await equip(world.env, 'operator', made.person.id)
  return made
}

beforeEach(async () => {
  world.setNow(TODAY)
  await world.env.db('operators').update({ ends_on: '2020-01-01' })
  one = await administrator('registrar')
  two = await administrator('approver')
})

const mail = () => `new.${randomBytes(4).toString('hex')}@consortium.example`
const appointment = (more: Partial<Extract<OperatorChange, { change: 'appoint' }>> = {}) => ({
  change: 'appoint' as const,
  email: mail(),
  name: `新任 ${randomBytes(4).toString('hex')}`,
  roles: ['registrar'] as OperatorRole[],
  endsOn: '2027-03-31',
  numberMark: null,
  ...more,
})
const ask = (change: OperatorChange, subjectId = world.env.newId(), by = one) =>
  propose(world.env, { subjectId, change, by: by.person })
const say = ({ id, hash }: { id: string; hash: string }, by = two) =>
  approve(world.env, { id, hash, by: by.person })
const refused = (reason: string) => expect.objectContaining({ name: 'Refusal', reason })
const rights = (more: object = {}): OperatorChange => ({
  change: 'rights',
  roles: ['registrar'],
  endsOn: '2027-03-31',
  reason: '担当替えのため変更します',
  ...more,
})

describe('an appointment', () => {
  test('is proposed by one administrator, approved by another, and only then written', async () => {
    const subject = world.env.newId()
    const proposal = await ask(appointment(), subject)
    expect(await operators.inOffice(world.env, subject)).toBeUndefined()
    await expect(say(proposal, one)).rejects.toEqual(refused('second_person_needed'))
    await say(proposal)
    expect(await operators.inOffice(world.env, subject)).toMatchObject({ roles: ['registrar'] })
    expect(await world.env.db('invitations').where({ holder_id: subject })).toHaveLength(1)
    await expect(say(proposal)).rejects.toEqual(refused('wrong_state'))
  })

  test('needs administrators, at the moment of each step', async () => {
    const registrar = await makeOperator(world.env, ['registrar', 'approver'])
    await expect(ask(appointment(), undefined, registrar)).rejects.toEqual(refused('role_missing'))
    const proposal = await ask(appointment())
    await expect(say(proposal, registrar)).rejects.toEqual(refused('role_missing'))
    await world.env
      .db('operators')
      .where({ id: one.person.id })
      .update({ roles: ['registrar'] })
    await expect(say(proposal)).rejects.toEqual(refused('role_missing'))
  })

  test('gives no role that neither of the two holds', async () => {
    const proposal = await ask(appointment({ roles: ['privacy_officer'] }))
    await expect(say(proposal)).rejects.toEqual(refused('role_missing'))
    expect(await reviews.find(world.env, proposal.id)).toMatchObject({ state: 'proposed' })
    await say(await ask(appointment({ roles: ['approver', 'administrator', 'auditor'] })))
  })

  test('makes one account per person: address, also with a tag, and staff number', async () => {
    const numberMark = numberMarkOf(world.env.secrets.people, ' ０１２３４ ')
    await say(await ask(appointment({ numberMark })))
    const again = { numberMark: numberMarkOf(world.env.secrets.people, '01234') }
    await expect(ask(appointment(again))).rejects.toEqual(refused('invalid_input'))
    const email = one.email.replace('@', '+second@').toUpperCase()
    await expect(ask(appointment({ email }))).rejects.toEqual(refused('invalid_input'))
  })

  test('of twenty approvals at once, one is written; of two for one address, one', async () => {
    const subject = world.env.newId()
    const proposal = await ask(appointment(), subject)
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => say(proposal)))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const email = mail()
    const both = [await ask(appointment({ email })), await ask(appointment({ email }))]
    const said = await Promise.allSettled(both.map((proposal) => say(proposal)))
    expect(said.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('a change of rights', () => {
  test('is not approved by the person it is about', async () => {
    const proposal = await ask(rights({ roles: ['administrator', 'approver'] }), two.person.id)
    await expect(say(proposal)).rejects.toEqual(refused('second_person_needed'))
  })

  test('ends the sessions of who is concerned, and is void once another one came first', async () => {
    const subject = await makeOperator(world.env, ['registrar'])
    const late = await ask(rights({ endsOn: '2027-12-31' }), subject.person.id)
    await say(await ask(rights({ endsOn: '2027-06-30' }), subject.person.id))
    await expect(say(late)).rejects.toEqual(refused('changed_meanwhile'))
    const open = world.env.db('operator_sessions').where({ holder_id: subject.person.id })
    expect(await open.whereNull('ended_at')).toEqual([])
  })

  test('writes before and after, as hashes in the audit record and as rights in the history', async () => {
    const subject = await makeOperator(world.env, ['registrar'])
    await say(await ask(rights(), subject.person.id))
    const [row] = await world.env.db('operator_changes').where({ operator_id: subject.person.id })
    expect(row).toMatchObject({ change: 'rights', by_id: two.person.id })
    await expect(world.env.db('operator_changes').update({ reason: 'x' })).rejects.toThrow()
  })

  test('for a time: counts until its day, and can be taken back by one', async () => {
    const subject = await makeOperator(world.env, ['registrar'])
    const id = subject.person.id
    const box: OperatorChange = {
      change: 'boxed',
      role: 'approver',
      endsOn: '2026-11-30',
      reason: '承認者の不在のあいだ代わります',
    }
    await say(await ask(box, id))
    const roles = async () => (await operators.inOffice(world.env, id))?.roles
    expect(await roles()).toEqual(['registrar', 'approver'])
    world.setNow(new Date('2026-11-30T14:59:00Z'))
    expect(await roles()).toEqual(['registrar', 'approver'])
    world.setNow(new Date('2026-11-30T15:01:00Z'))
    expect(await roles()).toEqual(['registrar'])
    world.setNow(TODAY)
    const [row] = await world.env.db('operator_boxed_roles').where({ operator_id: id })
    await endBox(world.env, { operatorId: id, boxId: row.id, by: one.person })
    expect(await roles()).toEqual(['registrar'])
  })

  test('renewing ends every old factor and invites anew', async () => {
    const subject = await makeOperator(world.env, ['registrar'])
    await equip(world.env, 'operator', subject.person.id)
    const renew: OperatorChange = { change: 'renew', reason: '電話機をなくしたため' }
    await say(await ask(renew, subject.person.id))
    const row = await world.env.db('operators').where({ id: subject.person.id }).first()
    expect(row).toMatchObject({ password_hash: null, totp_sealed: null })
    expect(await world.env.db('invitations').where({ holder_id: subject.person.id })).toHaveLength(
      1,
    )
  })
})

describe('the last administrator', () => {
  const leave = (who: SignedInPerson, by = who) =>
    end(world.env, {
      operatorId: who.person.id,
      reason: '退職するため終えます',
      by: by.person,
    })

  test('cannot be ended', async () => {
    await leave(two, one)
    await expect(leave(one)).rejects.toEqual(refused('last_administrator'))
    expect(await standing(world.env)).toHaveLength(1)
  })

  test('stays, whoever of two ends whom twenty times at once', async () => {
    const deeds = Array.from({ length: 20 }, (_, n) => {
      if (n % 4 === 0) return leave(one)
      if (n % 4 === 1) return leave(two)
      return n % 4 === 2 ? leave(one, two) : leave(two, one)
    })
    const all = await Promise.allSettled(deeds)
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const each of all)
      if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(Refusal)
    expect(await standing(world.env)).toHaveLength(1)
  })

  test('is no administrator who never set up how to sign in', async () => {
    await makeOperator(world.env, ['administrator'])
    await leave(two, one)
    await expect(leave(one)).rejects.toEqual(refused('last_administrator'))
  })

  test('is not taken away by a change of roles, also of twenty in parallel', async () => {
    const third = await administrator()
    const proposals = [
      await ask(rights(), one.person.id, third),
      await ask(rights(), two.person.id, third),
    ]
    // What two others decide while the third leaves.
    await say(proposals[0] as { id: string; hash: string }, two)
    await expect(say(proposals[1] as { id: string; hash: string }, one)).rejects.toEqual(
      refused('role_missing'),
    )
    await leave(two, third)
    await expect(leave(third)).rejects.toEqual(refused('last_administrator'))
  })

  test('ending takes sessions, factors and invitations at once', async () => {
    await leave(two, one)
    const where = { holder_id: two.person.id }
    expect(await world.env.db('operator_sessions').where(where).whereNull('ended_at')).toEqual([])
    expect(await operators.inOffice(world.env, two.person.id)).toBeUndefined()
    await expect(leave(two, one)).rejects.toEqual(refused('wrong_state'))
  })
})

describe('the terminal', () => {
  const asked = (email = mail()) => ({ email, name: '管理 者', endsOn: undefined })

  test('makes administrators only while fewer than two can sign in', async () => {
    await expect(operators.first(world.env, asked())).rejects.toEqual(refused('wrong_state'))
    await world.env.db('operators').where({ id: two.person.id }).update({ ends_on: '2020-01-01' })
    const { href, expiresAt } = await operators.first(world.env, asked())
    expect(href).toMatch(/^http:\/\/localhost:\d+\/admin\/invitation\/[\w-]{43}$/)
    expect(expiresAt.getTime() - world.env.now().getTime()).toBeLessThanOrEqual(30 * 60_000)
  })

  test('lets back in whose address is known, and never touches who can sign in', async () => {
    await world.env.db('operators').where({ id: two.person.id }).update({ ends_on: '2020-01-01' })
    await operators.first(world.env, asked(two.email))
    expect(await operators.inOffice(world.env, two.person.id)).toMatchObject({
      roles: expect.arrayContaining(['administrator', 'approver']),
    })
    await expect(operators.first(world.env, asked(one.email))).rejects.toEqual(
      refused('wrong_state'),
    )
  })

  test.each([
    { email: 'nobody', name: '管理 者', endsOn: undefined },
    { email: 'a@b.example', name: ' ', endsOn: undefined },
    { email: 'a@b.example', name: '管理 者', endsOn: '2020-01-01' },
    { email: 'a@b.example', name: '管理 者', endsOn: '2099-01-01' },
  ])('refuses %o', async (bad) => {
    await expect((async () => operators.first(world.env, bad))()).rejects.toEqual(
      refused('invalid_input'),
    )
  })
})

test('who is near the last day is warned once at 30 and once at 7 days', async () => {
  const near = await makeOperator(world.env, ['registrar'], { endsOn: '2026-12-20' })
  const told = () => world.env.db('operator_warnings').where({ operator_id: near.person.id })
  world.setNow(new Date('2026-11-10T03:00:00Z'))
  await warn(world.env)
  expect(await told()).toHaveLength(0)
  world.setNow(new Date('2026-11-20T03:00:00Z'))
  await Promise.all([warn(world.env), warn(world.env)])
  await warn(world.env)
  expect(await told()).toHaveLength(1)
  world.setNow(new Date('2026-12-14T03:00:00Z'))
  await warn(world.env)
  expect((await told()).map(({ days }) => days).sort((a, b) => a - b)).toEqual([7, 30])
})
