/** 試験の人: made-up accounts of a company. They sign in to test sides of that company and nowhere else; no mail reaches them. */
import { randomBytes } from 'node:crypto'
import { atomically, type Env } from '../env.ts'
import { hashPassword } from '../passwords/hashing.ts'
import { canonicalPassword } from '../passwords/rules.ts'
import { Refusal } from '../refusal.ts'
import { emailIndex, opened, sealedProfile, wrapped } from './accounts.ts'
import { ID_TERMS, newUserId, type Profile } from './model.ts'
import * as store from './store.ts'
import { recordAnswer } from './terms.ts'
import * as tests from './test_store.ts'

/** How many a company has at once. */
export const MOST_TEST_PERSONS = 5

export type TestPerson = {
  id: string
  name: string
  email: string
  lastSignIn: Date | undefined
}

const NUMBERS = ['イチ', 'ニ', 'サン', 'ヨン', 'ゴ']

/** The test persons of a company, the oldest first. */
export async function testPersons(env: Env, memberId: string): Promise<TestPerson[]> {
  const rows = await tests.ofMember(env.db, memberId)
  return rows.map((row) => {
    const { profile } = opened(env, row)
    const name = `${profile.family_name ?? ''} ${profile.given_name ?? ''}`
    return { id: row.id, name, email: profile.email, lastSignIn: row.last_sign_in ?? undefined }
  })
}

/**
 * Makes one. The password is in the answer and nowhere else.
 *
 * @throws Refusal wrong_state where the company has as many as it may
 */
export async function makeTestPerson(
  env: Env,
  memberId: string,
): Promise<{ id: string; name: string; email: string; password: string }> {
  const password = env.newSecret().slice(0, 24)
  const hash = await hashPassword(canonicalPassword(password), env.secrets.pepper)
  return atomically(env, async (env) => {
    await tests.lockMember(env.db, memberId)
    const known = await testPersons(env, memberId)
    if (known.length >= MOST_TEST_PERSONS) throw new Refusal('wrong_state')
    const free = NUMBERS.findIndex((_, n) => !known.some(({ name }) => name === `試験 ${n + 1}号`))
    const [id, dataKey] = [env.newId(), randomBytes(32)]
    const email = `shiken-${randomBytes(5).toString('hex')}@machi-id.invalid`
    const profile = profileOf(free, email)
    const at = env.now()
    await store.insert(env.db, {
      id,
      user_id: newUserId(Buffer.from(env.newSecret(), 'base64url')),
      email_index: emailIndex(env, email),
      pending_index: null,
      email_verified_at: at,
      password_hash: hash,
      data_key: wrapped(env, id, dataKey),
      profile: sealedProfile(id, dataKey, profile),
      language: 'ja',
      language_chosen: false,
      created_at: at,
      test_member_id: memberId,
    })
    const { version } = env.templates.inForce(ID_TERMS, at)
    const shown = { at: new Date(at.getTime() - 1), language: 'ja' as const, version }
    await recordAnswer(env, { id, dataKey }, { kind: 'provision', given: true, shown })
    return { id, name: `${profile.family_name} ${profile.given_name}`, email, password }
  })
}

/** Everything registered, so that every item can be tried. */
function profileOf(n: number, email: string): Profile {
  return {
    email,
    family_name: '試験',
    given_name: `${n + 1}号`,
    family_name_kana: 'シケン',
    given_name_kana: `${NUMBERS[n] ?? 'レイ'}ゴウ`,
    birth_year: '1990',
    sex: 'other',
    postal_code: '0600001',
    region: '北海道',
    locality: '札幌市中央区',
  }
}

/** Ends one: it signs in nowhere any more. @throws Refusal not_found, the same for another company's and for residents */
export async function endTestPerson(env: Env, id: string, memberId: string): Promise<void> {
  await atomically(env, async (env) => {
    const known = await tests.ofMember(env.db, memberId)
    if (!known.some((row) => row.id === id)) throw new Refusal('not_found')
    await store.lock(env.db, id)
    await store.erase(env.db, [id], env.now())
  })
}
