/** The yearly letter, and the one about services not used for six months (field 24): due once, on any number of nodes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as consents from '../../src/consents/actions.ts'
import { sendDigests, sendReminders } from '../../src/consents/digest.ts'
import * as notices from '../../src/notices/actions.ts'
import * as residents from '../../src/residents/actions.ts'
import * as services from '../../src/services/actions.ts'
import { Browser } from '../support/browser.ts'
import { makeResident, makeService, type MadeService } from '../support/builders.ts'
import { mailsTo, queueIsEmpty } from '../support/mailbox.ts'
import { openSite, type Site } from '../support/site.ts'
import { tokensFor } from '../oidc/steps.ts'

const DAY = 86_400_000
let site: Site
let walks: MadeService
let books: MadeService

beforeAll(async () => {
  site = await openSite()
  ;[walks, books] = [await makeService(site.env), await makeService(site.env)]
})
afterAll(() => site.close())

/** The same world so many days after now. */
const after = (days: number) => ({
  ...site.env,
  now: () => new Date(Date.now() + days * DAY),
})
const nameOf = async ({ id }: MadeService) =>
  (await services.byId(site.env, id))?.version.names.ja ?? ''

/** Somebody who agreed to both services, and signed in to each once. */
async function user() {
  const resident = await makeResident(site.env)
  const browser = new Browser(site.issuer)
  for (const service of [walks, books]) await tokensFor(site, browser, service, resident)
  return resident
}
const lettersTo = async (email: string, about: string, least = 0) => {
  await queueIsEmpty(site.env)
  return mailsTo(site.env, email, least, about)
}
const digests = (email: string, least = 0) => lettersTo(email, '1年のデータ利用のまとめ', least)
const reminders = (email: string, least = 0) => lettersTo(email, '使われていない', least)

/** The last provision to a service came so many days after now. */
async function provided(residentId: string, { id }: MadeService, days: number): Promise<void> {
  await site.env.db.raw(
    `insert into provision_records
     select (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(),
       'at', p.at + make_interval(days => :days)))).*
     from provision_records p where resident_id = :residentId and service_id = :id limit 1`,
    { residentId, id, days },
  )
}

describe('the yearly letter', () => {
  test('comes a month before the year is over, once on two nodes, with services, items, how often and where to withdraw', async () => {
    const { email, id } = await user()
    await provided(id, walks, 100)
    await provided(id, walks, 200)
    await sendDigests(after(334))
    expect(await digests(email)).toEqual([])
    await Promise.all([sendDigests(after(336)), sendDigests(after(336)), sendDigests(after(336))])
    await sendDigests(after(337))
    const [mail, ...more] = await digests(email, 1)
    expect(more).toEqual([])
    const of = mail?.text
    const records = site.env.db('provision_records').where({ resident_id: id })
    const times = (await records.where({ service_id: walks.id }).pluck('id')).length
    expect(times).toBeGreaterThan(2)
    expect(of).toContain(await nameOf(walks))
    expect(of).toContain(await nameOf(books))
    expect(of).toContain(`渡った回数：${times}回`)
    expect(of).toContain('氏名とフリガナ')
    expect(of).not.toMatch(/山田|花子|ヤマダ|(?<![\w-])1988(?![\w-])/)
    for (const service of [walks, books])
      expect(of).toContain(`${site.issuer}/account/services/${service.id}/withdraw`)
    await provided(id, walks, 500)
    await sendDigests(after(336 + 364))
    expect(await digests(email)).toHaveLength(1)
    await sendDigests(after(366 + 336))
    expect(await digests(email, 2)).toHaveLength(2)
  })

  test('not where it is switched off, and says what is no more', async () => {
    const [off, gone, asleep] = [await user(), await user(), await user()]
    await notices.setWanted(site.env, off.id, { digest: false, reminder: true })
    await consents.withdrawAll(site.env, gone)
    await residents.answerTerms(site.env, asleep.id, {
      kind: 'provision',
      given: false,
      shown: undefined,
    })
    const nobody = await makeResident(site.env)
    await sendDigests(after(336))
    for (const { email } of [off, nobody]) expect(await digests(email)).toEqual([])
    for (const { email } of [gone, asleep]) {
      const [mail] = await digests(email, 1)
      expect(mail?.text).toContain('いまはありません')
      expect(mail?.text).not.toContain('/withdraw')
    }
    const rows = site.env.db('consent_digests').where('resident_id', off.id)
    expect(Number(await rows.first('due_at').then((row) => row.due_at))).toBeGreaterThan(
      Date.now() + 700 * DAY,
    )
  })

  test('one that fails keeps nobody waiting, and comes the next time', async () => {
    const [broken, fine] = [await user(), await user()]
    const { profile } = await site.env.db('residents').where({ id: broken.id }).first()
    const put = (bytes: Buffer) =>
      site.env.db('residents').where({ id: broken.id }).update({ profile: bytes })
    await put(Buffer.from('broken'))
    await sendDigests(after(336))
    expect(await digests(fine.email, 1)).toHaveLength(1)
    expect(site.logLines().join('')).toContain('"event":"letter_failed"')
    await put(profile)
    await sendDigests(after(336))
    expect(await digests(broken.email, 1)).toHaveLength(1)
    expect(await digests(fine.email)).toHaveLength(1)
  })
})

describe('a service not used', () => {
  test('is named after six months, in one letter, and again six months later', async () => {
    const { email, id } = await user()
    await provided(id, books, 100)
    await sendReminders(after(182))
    expect(await reminders(email)).toEqual([])
    await Promise.all([sendReminders(after(184)), sendReminders(after(184))])
    const [mail] = await reminders(email, 1)
    expect(mail?.text).toContain(await nameOf(walks))
    expect(mail?.text).not.toContain(await nameOf(books))
    expect(mail?.text).toContain(`/account/services/${walks.id}/withdraw`)
    await sendReminders(after(200))
    expect(await reminders(email)).toHaveLength(1)
    await sendReminders(after(100 + 184))
    const [, second] = await reminders(email, 2)
    expect(second?.text).toContain(await nameOf(books))
    expect(second?.text).not.toContain(await nameOf(walks))
  })

  test('not one that is withdrawn, asleep or over, nor to whoever wants none', async () => {
    const [off, gone, asleep] = [await user(), await user(), await user()]
    await notices.setWanted(site.env, off.id, { digest: true, reminder: false })
    await consents.withdrawAll(site.env, gone)
    await residents.answerTerms(site.env, asleep.id, {
      kind: 'provision',
      given: false,
      shown: undefined,
    })
    await sendReminders(after(184))
    for (const { email } of [off, gone, asleep]) expect(await reminders(email)).toEqual([])
    const left = site.env.db('consent_reminders').whereIn('resident_id', [gone.id, off.id])
    expect(new Set(await left.pluck('resident_id'))).toEqual(new Set([off.id]))
    const over = await user()
    await sendReminders(after(400))
    expect(await reminders(over.email)).toEqual([])
  })
})
