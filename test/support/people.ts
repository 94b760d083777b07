/** Operators and staff who are signed in, written as rows: each test says only the roles that matter to it. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Env } from '../../src/env.ts'
import { OPERATOR_COOKIE } from '../../src/operators/guards.ts'
import { STAFF_COOKIE } from '../../src/members/guards.ts'
import { cookieKeys } from '../../src/oidc/provider.ts'
import * as operators from '../../src/operators/actions.ts'
import * as people from '../../src/people/actions.ts'
import { marksOf } from '../../src/people/model.ts'
import type { Browser } from './browser.ts'
import type { OperatorRole, Person, StaffRole } from '../../src/persons.ts'

export type SignedInPerson = {
  person: Person
  email: string
  name: string
  /** The cookies of a session with a factor shown just now, and the path they are for. */
  cookies: Record<string, string>
  path: string
}

let count = 0

/** An operator in office with these roles, signed in. */
export async function makeOperator(
  env: Env,
  roles: OperatorRole[],
  asked: { email?: string; name?: string; endsOn?: string } = {},
): Promise<SignedInPerson> {
  const id = randomUUID()
  const n = ++count
  const row = {
    email: asked.email ?? `operator${n}.${randomBytes(3).toString('hex')}@consortium.example`,
    name: asked.name ?? `担当 ${n}号${randomBytes(3).toString('hex')}`,
  }
  const ends_on = asked.endsOn ?? '2030-03-31'
  await env.db('operators').insert({ id, ...row, roles, ends_on, created_at: env.now() })
  const marks = operators.marks(env, { ...row, numberMark: null })
  const bearer = await people.openSession(env, 'operator', { holderId: id, device: 'test' })
  const person: Person = { kind: 'operator', id, marks }
  return { person, ...row, ...cookieOf(env, OPERATOR_COOKIE, bearer) }
}

/** Staff of a company, signed in. */
export async function makeStaff(
  env: Env,
  memberId: string,
  role: StaffRole = 'manager',
  asked: { email?: string; name?: string } = {},
): Promise<SignedInPerson> {
  const id = randomUUID()
  const n = ++count
  const row = {
    email: asked.email ?? `staff${n}.${randomBytes(3).toString('hex')}@company.example`,
    name: asked.name ?? `社員 ${n}号${randomBytes(3).toString('hex')}`,
  }
  await env.db('staff').insert({ id, ...row, member_id: memberId, role, created_at: env.now() })
  const bearer = await people.openSession(env, 'staff', { holderId: id, device: 'test' })
  const person: Person = { kind: 'staff', id, marks: marksOf(env.secrets.people, row) }
  return { person, ...row, ...cookieOf(env, STAFF_COOKIE, bearer) }
}

function cookieOf(env: Env, place: { name: string; path: string }, value: string) {
  const https = env.config.issuer.startsWith('https:')
  const name = https ? `__Secure-${place.name}` : place.name
  const signature = cookieKeys(env).sign(`${name}=${value}`)
  const cookies = { [name]: value, [`${name}.sig`]: signature }
  return { path: place.path, cookies }
}

/** Puts the session into a browser (test/support/browser.ts). */
export function signIn(browser: Browser, { cookies, path }: SignedInPerson): void {
  for (const [name, value] of Object.entries(cookies))
    browser.jar.set(`${name}|${path}`, {
      value,
      path,
      httpOnly: true,
      secure: false,
      sameSite: 'lax',
    })
}
