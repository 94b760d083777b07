/** Provision records: written once, never altered, and provable (docs/security.md, K1–K4, §3). */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { commitment } from '../../src/audit/model.ts'
import { isItemId } from '../../src/catalogue/model.ts'
import * as provisions from '../../src/provisions/actions.ts'
import { unseal } from '../../src/vault.ts'
import { Browser } from '../support/browser.ts'
import {
  makeResident,
  makeService,
  type MadeResident,
  type MadeService,
} from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { ALL, tokensFor, userinfo } from '../oidc/steps.ts'

let site: Site
let resident: MadeResident
let service: MadeService

beforeAll(async () => {
  site = await openSite()
  resident = await makeResident(site.env)
  service = await makeService(site.env)
  const { access } = await tokensFor(
    site,
    new Browser(site.issuer),
    service,
    resident,
    { scope: ALL },
    ['sex'],
  )
  await userinfo(site, access)
})
afterAll(() => site.close())

type Row = {
  id: string
  at: Date
  items: string[]
  path: string
  purposes: string[]
  salt: Buffer
  canonical: string
  leaf_hash: Buffer
  agreement_id: string
  consent_id: string
  service_version_id: string
  contract_version_id: string
}
const rows = (): Promise<Row[]> =>
  site.env.db('provision_records').where({ resident_id: resident.id }).orderBy('at')

async function facts() {
  const [row] = await rows()
  return provisions.factsOf(site.env, {
    agreementId: row?.agreement_id ?? '',
    sessionUid: null,
    hold: false,
  })
}

describe('a record', () => {
  test('seals itself: RFC 9162 leaf over canonical JSON, the resident only as a commitment', async () => {
    const all = await rows()
    expect(all.map((row) => row.path)).toEqual(['id_token', 'userinfo'])
    for (const row of all) {
      const leaf = createHash('sha256')
        .update(Buffer.from([0]))
        .update(row.canonical)
        .digest()
      expect(row.leaf_hash.equals(leaf)).toBe(true)
      const said = JSON.parse(row.canonical) as Record<string, unknown>
      expect(Object.keys(said)).toEqual([...Object.keys(said)].sort())
      const salt = unseal(resident.dataKey, row.salt, `provision:${row.id}`)
      expect(salt).toHaveLength(32)
      expect(said).toEqual({
        id: row.id,
        event: 'provision',
        at: row.at.toISOString(),
        subject: commitment(salt, resident.id),
        service: service.id,
        member: service.memberId,
        agreement: row.agreement_id,
        consent: row.consent_id,
        service_version: row.service_version_id,
        contract_version: row.contract_version_id,
        path: row.path,
        items: row.items,
        purposes: row.purposes,
      })
    }
    expect(new Set(all.map((row) => row.salt.toString('hex'))).size).toBe(all.length)
  })

  test('its salt opens only under the resident’s key, and only for this row', async () => {
    const [first, second] = await rows()
    const other = await makeResident(site.env)
    expect(() => unseal(other.dataKey, first?.salt as Buffer, `provision:${first?.id}`)).toThrow()
    expect(() =>
      unseal(resident.dataKey, first?.salt as Buffer, `provision:${second?.id}`),
    ).toThrow()
  })

  test.each([
    ['update', `update provision_records set items = '{}'`],
    ['delete', 'delete from provision_records'],
    ['truncate', 'truncate provision_records'],
    ['update of the month alone', `update provision_records_MONTH set items = '{}'`],
    ['delete from the month alone', 'delete from provision_records_MONTH'],
  ])('%s is refused', async (_name, sql) => {
    const before = await rows()
    const month = (before[0]?.at ?? new Date()).toISOString().slice(0, 7).replace('-', '_')
    const statement = sql.replace('MONTH', month)
    await expect(site.env.db.raw(statement)).rejects.toMatchObject({ code: '42501' })
    await expect(site.owner.raw(statement)).rejects.toThrow(/append/)
    expect(await rows()).toEqual(before)
  })
})

describe('record()', () => {
  test('refuses an item that release() does not allow, and writes nothing', async () => {
    const before = (await rows()).length
    const now = await facts()
    for (const items of [['email', 'address'], ['birth_year']] as const)
      await expect(
        provisions.record(site.env, resident, now, {
          path: 'userinfo',
          items: items.filter(isItemId),
        }),
      ).rejects.toThrow('without a decision')
    const ended = { ...now, sessionLive: false }
    await expect(
      provisions.record(site.env, resident, ended, { path: 'userinfo', items: ['user_id'] }),
    ).rejects.toThrow('without a decision')
    expect(await rows()).toHaveLength(before)
  })

  test('names the purposes of the items that went, no others', async () => {
    await provisions.record(site.env, resident, await facts(), {
      path: 'userinfo',
      items: ['user_id', 'name'],
    })
    expect((await rows()).at(-1)).toMatchObject({
      items: ['user_id', 'name'],
      purposes: ['service_delivery'],
    })
  })

  test('what is not of the catalogue is no item', () => {
    const catalogue = [
      { id: 'user_id' as const, claims: ['sub'] },
      { id: 'email' as const, claims: ['email', 'email_verified'] },
    ]
    expect(provisions.itemsIn({ sub: 'x', iss: 'y', aud: 'z' }, catalogue)).toEqual(['user_id'])
    expect(provisions.itemsIn({ sub: 'x', email_verified: false }, catalogue)).toEqual([
      'user_id',
      'email',
    ])
    expect(provisions.itemsIn({}, catalogue)).toEqual([])
  })
})

describe('months', () => {
  test('are made ahead, twice without harm, also over the end of a year', async () => {
    // The database makes none far from its own today: next year's end is near enough.
    const year = new Date().getUTCFullYear() + 1
    const names = [`${year}_11`, `${year}_12`, `${year + 1}_01`, `${year + 1}_02`].map(
      (month) => `provision_records_${month}`,
    )
    for (const name of names) await site.owner.raw('drop table if exists ??', [name])
    site.setNow(new Date(`${year}-11-30T23:59:59Z`))
    await Promise.all([1, 2, 3].map(() => provisions.preparePartitions(site.env)))
    site.setNow(undefined)
    const { rows: made } = await site.env.db.raw<{ rows: { relname: string }[] }>(
      `select relname from pg_class where relname = any(?) and relkind = 'r' order by 1`,
      [names],
    )
    expect(made.map((row) => row.relname)).toEqual(names)
  })

  test('a record at the turn of a month lies in the right one, and none is lost', async () => {
    const now = new Date()
    const turn = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 2, 1))
    const last = new Date(turn.getTime() - 1)
    const far = new Date('2099-05-05T00:00:00Z')
    await provisions.preparePartitions(site.env)
    for (const at of [last, turn, far]) {
      await provisions.record(site.env, resident, await factsAt(at), {
        path: 'userinfo',
        items: ['user_id'],
      })
    }
    site.setNow(undefined)
    const { rows: where } = await site.env.db.raw<{ rows: { part: string }[] }>(
      `select tableoid::regclass::text as part from provision_records where at >= ? order by at`,
      [last],
    )
    expect(where.map((row) => row.part)).toEqual([
      ...[last, turn].map(
        (at) => `provision_records_${at.toISOString().slice(0, 7).replace('-', '_')}`,
      ),
      'provision_records_other',
    ])
  })

  /** The facts as they stand today, looked at as if it were then. */
  const factsAt = async (at: Date) => {
    site.setNow(undefined)
    const now = await facts()
    site.setNow(at)
    return now
  }
})
