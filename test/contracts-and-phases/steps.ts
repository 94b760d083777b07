/** What the tests of contracts have in common: a company, the form filled in, and the steps of two persons. */
import { createHash, randomInt, randomUUID } from 'node:crypto'
import type { Env } from '../../src/env.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makeContractVersion, type ServiceAsked } from '../support/builders.ts'
import { signIn, type SignedInPerson } from '../support/people.ts'

export const BASE = '/admin/contracts'

/** An approved company, of whatever status. */
export async function makeMember(env: Env, status = 'approved', name?: string): Promise<string> {
  const id = randomUUID()
  const n = randomInt(1e9)
  const both = (ja: string) => ({ ja, en: `${ja} in English` })
  const body = {
    names: { ja: name ?? `契約${n}社`, en: `Contract ${n} Inc.` },
    address: both('あおば市中央区1-1'),
    representative: both('代表 一郎'),
    contact: {
      desk: both('お客様窓口'),
      phone: '00-1111-0000',
      email: 'desk@company.example',
      url: 'https://company.example',
    },
  }
  const at = new Date('2026-04-01T00:00:00Z')
  await env.db('members').insert({ id, corporate_number: String(1e12 + n), status, created_at: at })
  await env.db('member_versions').insert({
    id: randomUUID(),
    member_id: id,
    version: 1,
    body: JSON.stringify(body),
    body_hash: createHash('sha256').update(id).digest(),
    created_at: at,
  })
  await env.db('member_status_changes').insert({ id: randomUUID(), member_id: id, status, at })
  return id
}

/** A contract in force, written as rows. */
export async function makeContract(
  env: Env,
  memberId: string,
  number: string,
  asked: ServiceAsked = {},
): Promise<string> {
  const id = randomUUID()
  await env.db('contracts').insert({ id, member_id: memberId, number, created_at: env.now() })
  await makeContractVersion(env, id, 1, asked)
  return id
}

export type Fields = Record<string, string | string[]>

/** A draft with nothing wrong, changed as a test needs it; `undefined` leaves a field out. */
export function draftOf(changes: Record<string, string | string[] | undefined> = {}): Fields {
  const whole: Record<string, string | string[] | undefined> = {
    number: `K-${randomInt(1e9)}`,
    from: '2026-04-01',
    to: '2029-03-31',
    subjectType: 'public',
    offlineAccess: 'yes',
    template: '',
    dataContent: '登録項目のうち氏名とメールアドレス',
    delivery: 'OpenID Connect による',
    rights: '権利は本人と民間推進体制に残る',
    confidentiality: '目的の範囲でのみ扱う',
    responsibility: '不具合の責任は条項のとおり',
    retention: '利用を終えてから1年',
    foreign_kind: 'none',
    auditNoticeDays: '10',
    auditLimit: 'rolling_12_months',
    bearer_giver_system: 'giver',
    bearer_receiver_system: 'giver',
    bearer_receiver_use: 'receiver',
    bearers_confirmed: 'no',
    flow_0_giver: 'consortium',
    flow_0_items: ['user_id', 'name', 'email'],
    flow_0_purposes: ['service_delivery', 'contact'],
    flow_0_delivery: 'OpenID Connect',
    flow_0_dataset: '',
    flow_0_from: '',
    flow_0_to: '',
    flow_0_consideration: '',
    ...changes,
  }
  return Object.fromEntries(
    Object.entries(whole).filter((entry): entry is [string, string | string[]] => {
      return entry[1] !== undefined
    }),
  )
}

const entriesOf = (fields: Fields): [string, string][] =>
  Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  )

/** A browser with somebody signed in. */
export function browserOf(issuer: string, person: SignedInPerson): Browser {
  const browser = new Browser(issuer)
  signIn(browser, person)
  return browser
}

/** Posts a form with the hidden fields of the page it stands on. */
export async function send(
  browser: Browser,
  from: string,
  to: string,
  fields: Fields,
): Promise<Page> {
  const csrf = await tokenOf(browser, from)
  return browser.post(to, [['csrf', csrf], ...entriesOf(fields)])
}

/** The form token of a browser: one for all of its pages, so any page with a form has it. */
async function tokenOf(browser: Browser, from: string): Promise<string> {
  for (const address of [from, '/admin/phases/incorporation', '/signup', '/login']) {
    const page = await browser.open(address)
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1]
    if (csrf) return csrf
  }
  throw new Error(`no form token at ${from}`)
}

/** Drafts a contract; returns its id, or the page that says what is wrong. */
export async function draft(browser: Browser, member: string, fields: Fields): Promise<Page> {
  return send(browser, `${BASE}/new?member=${member}`, `${BASE}/new`, { member, ...fields })
}

/** The contract a redirect leads to. */
export function idIn(page: Page): string {
  const id = /\/admin\/contracts\/([0-9a-f-]{36})/.exec(page.headers.get('location') ?? '')?.[1]
  if (!id)
    throw new Error(`no redirect to a contract: ${page.status}\n${errorsOn(page).join('\n')}`)
  return id
}

/** The fields that a page says are wrong, in its order. */
export function errorsOn(page: Page): string[] {
  const summary = /id="errors"[\s\S]*?<\/ul>/.exec(page.text)?.[0] ?? ''
  return [...summary.matchAll(/href="#([^"]*)"/g)].map((match) => match[1] ?? '')
}

/** The hash of the revision that the page of a contract shows. */
export async function hashOn(browser: Browser, id: string): Promise<string> {
  const page = await browser.open(`${BASE}/${id}`)
  const hash = /name="hash" value="([0-9a-f]{64})"/.exec(page.text)?.[1]
  if (!hash) throw new Error(`no hash on the page of ${id}: ${page.status}`)
  return hash
}

/** Presses a button of the box of two persons, bound to what is shown now. */
export async function decide(
  browser: Browser,
  id: string,
  verb: 'propose' | 'approve' | 'return' | 'refuse' | 'withdraw',
  fields: { note?: string; hash?: string } = {},
): Promise<Page> {
  const hash = fields.hash ?? (await hashOn(browser, id))
  return send(browser, `${BASE}/${id}`, `${BASE}/${id}/${verb}`, { note: '', ...fields, hash })
}

/** A contract drafted and proposed by one operator. */
export async function proposed(browser: Browser, member: string, fields: Fields): Promise<string> {
  const id = idIn(await draft(browser, member, fields))
  const page = await decide(browser, id, 'propose')
  if (page.status !== 303) throw new Error(`not proposed: ${page.status}`)
  return id
}
