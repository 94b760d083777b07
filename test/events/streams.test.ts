/** Pages about deliveries: staff choose, try out and send again; operators see what did not arrive (M8, R17, J2). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { home, today } from '../../src/desk/actions.ts'
import * as events from '../../src/events/actions.ts'
import { OPERATOR_ROLES } from '../../src/persons.ts'
import { csrfOf } from '../people/steps.ts'
import { Browser } from '../support/browser.ts'
import { makeService, markDemo, type MadeService } from '../support/builders.ts'
import { makeOperator, makeStaff, signIn } from '../support/people.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'
import { openSite, type Site } from '../support/site.ts'
import { until } from '../support/until.ts'

let site: Site
let receiver: Receiver
beforeAll(async () => {
  site = await openSite()
  await markDemo(site.env)
  receiver = await openReceiver()
})
afterAll(async () => {
  await site.close()
  await receiver.close()
})

async function staffOf({ memberId }: MadeService, role: 'manager' | 'developer' = 'developer') {
  const browser = new Browser(site.issuer)
  signIn(browser, await makeStaff(site.env, memberId, role))
  return browser
}

const messages = ({ id }: MadeService) =>
  site.env
    .db<{ id: string; jti: string; state: string; channel: string; last_error: string }>(
      'event_messages',
    )
    .where('service_id', id)
    .orderBy('seq')

async function lay({ id }: MadeService): Promise<string> {
  const asked = { name: 'verification' as const, subject: { format: 'opaque', id }, payload: {} }
  return (await events.enqueueEvent(site.env, id, asked)) ?? ''
}

/** A message that was given up on, as the workers leave it. */
async function dead(service: MadeService): Promise<{ id: string; jti: string }> {
  const jti = await lay(service)
  const [row] = await site.env
    .db('event_messages')
    .where({ jti })
    .update({ state: 'dead', settled_at: site.env.now(), last_error: 'http_503' })
    .returning<{ id: string; jti: string }[]>(['id', 'jti'])
  if (!row) throw new Error('no message')
  return row
}

/** Taken from the tables while no worker sends: poll streams are left alone by them. */
async function polled(): Promise<MadeService> {
  const service = await makeService(site.env)
  await site.env
    .db('event_streams')
    .insert({ service_id: service.id, delivery: 'poll', changed_at: site.env.now() })
  return service
}

describe('staff', () => {
  test('try out the whole way to their own service', async () => {
    const service = await makeService(site.env, { eventsUri: receiver.events })
    const browser = await staffOf(service)
    const here = `/company/events/${service.id}`
    const page = await browser.open(here)
    expect(page.text).toContain(receiver.events)
    const sent = await browser.follow(await browser.post(`${here}/verify`, { csrf: csrfOf(page) }))
    expect(sent.text).toContain('確認用の通知を送りました')
    const { jti = '' } = (await messages(service).first()) ?? {}
    const token = await until('it arrives', () =>
      receiver.tokens().find((one) => decodeJwt(one).jti === jti),
    )
    expect(decodeJwt(token)).toMatchObject({
      sub_id: { format: 'opaque', id: service.id },
      events: {
        'https://schemas.openid.net/secevent/ssf/event-type/verification': {
          state: expect.any(String),
        },
      },
    })
    await until('it is noted', async () => (await messages(service).first())?.state === 'delivered')
    expect((await browser.open('/company/events')).text).toContain('届いています')
  })

  test('choose how it is received, and what waits goes that way', async () => {
    const service = await polled()
    const browser = await staffOf(service)
    const here = `/company/events/${service.id}`
    const page = await browser.open(here)
    await lay(service)
    const post = (delivery: string) => browser.post(here, { csrf: csrfOf(page), delivery })
    expect((await post('push')).status).toBe(422)
    expect((await post('mail')).status).toBe(422)
    expect((await browser.follow(await post('none'))).text).toContain('受け取り方を変えました')
    expect((await messages(service))[0]).toMatchObject({
      state: 'dead',
      last_error: 'not_receiving',
    })
    expect(await lay(service)).toBe('')
    await post('poll')
    expect(await lay(service)).not.toBe('')
    const audited = await site.env
      .db('audit_events')
      .where({ act: 'events.delivery_chosen', object_id: service.id })
      .orderBy('at')
      .pluck('details')
    expect(audited).toEqual([
      { before: 'poll', after: 'none' },
      { before: 'none', after: 'poll' },
    ])
  })

  test('send again what was given up on; the same event', async () => {
    const service = await polled()
    const browser = await staffOf(service)
    const { id, jti } = await dead(service)
    const page = await browser.open(`/company/events/${service.id}`)
    expect(page.text).toContain(jti)
    expect(page.text).toContain('HTTP 503 が返りました')
    const csrf = csrfOf(page)
    const again = `/company/events/${service.id}/messages/${id}/resend`
    expect((await browser.follow(await browser.post(again, { csrf }))).text).toContain('再送します')
    expect((await messages(service))[0]).toMatchObject({ id, jti, state: 'waiting' })
    expect((await browser.post(again, { csrf })).status).toBe(404)
  })

  test('see and move nothing of another company', async () => {
    const [own, foreign] = [await polled(), await polled()]
    const browser = await staffOf(own, 'manager')
    const csrf = csrfOf(await browser.open(`/company/events/${own.id}`))
    const { id } = await dead(foreign)
    const there = `/company/events/${foreign.id}`
    const unknown = '/company/events/00000000-0000-4000-8000-000000000000'
    const bare = (text: string) => /<main[\s\S]*<\/main>/.exec(text)?.[0]
    const nothing = await browser.request(unknown)
    for (const path of [there, '/company/events/x'])
      expect(bare((await browser.request(path)).text)).toBe(bare(nothing.text))
    expect(nothing.status).toBe(404)
    const resend = `/company/events/${own.id}/messages/${id}/resend`
    const statuses = [
      await browser.post(there, { csrf, delivery: 'none' }),
      await browser.post(`${there}/verify`, { csrf }),
      await browser.post(resend, { csrf }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([404, 404, 404])
    expect((await messages(foreign))[0]?.state).toBe('dead')
    expect((await browser.open('/company/events')).text).not.toContain(foreign.id)
  })

  test('may not try out without end', async () => {
    const service = await polled()
    const browser = await staffOf(service)
    const here = `/company/events/${service.id}`
    const csrf = csrfOf(await browser.open(here))
    const statuses = []
    for (let n = 0; n < 6; n++)
      statuses.push((await browser.post(`${here}/verify`, { csrf })).status)
    expect(statuses).toEqual([303, 303, 303, 303, 303, 429])
  })
})

describe('operators', () => {
  test('find what did not arrive, and send it again', async () => {
    const service = await makeService(site.env, { name: '不達さがし' })
    await site.env
      .db('event_streams')
      .insert({ service_id: service.id, delivery: 'poll', changed_at: site.env.now() })
    const { id, jti } = await dead(service)
    const browser = new Browser(site.issuer)
    signIn(browser, await makeOperator(site.env, ['registrar']))
    const found = await browser.open('/admin/events?q=不達さがし&filter=dead')
    expect(found.text).toContain(jti)
    expect((await browser.open(`/admin/events?service=${service.id}`)).text).toContain(jti)
    expect((await browser.open('/admin/events?q=ほかの名前')).text).not.toContain(jti)
    expect((await browser.open('/admin/events?q=不達さがし&filter=waiting')).text).not.toContain(
      jti,
    )
    const csrf = csrfOf(found)
    await browser.follow(await browser.post(`/admin/events/${id}/resend`, { csrf }))
    expect((await messages(service))[0]).toMatchObject({ jti, state: 'waiting' })
  })

  test('an auditor reads and sends nothing', async () => {
    const service = await polled()
    const { id } = await dead(service)
    const browser = new Browser(site.issuer)
    signIn(browser, await makeOperator(site.env, ['auditor']))
    const page = await browser.open(`/admin/events?service=${service.id}`)
    expect(page.text).not.toContain('/resend"')
    const csrf = csrfOf(await browser.open('/admin/login'))
    expect((await browser.post(`/admin/events/${id}/resend`, { csrf })).status).toBe(403)
    expect((await messages(service))[0]?.state).toBe('dead')
  })

  test('and staff have it on their desks', async () => {
    const service = await polled()
    await dead(service)
    const operator = { roles: OPERATOR_ROLES, marks: [] }
    const desk = await today(site.env, { operator, language: 'ja' })
    expect(desk.tasks).toContainEqual(
      expect.objectContaining({ kind: 'events_dead', href: `/admin/events?service=${service.id}` }),
    )
    const own = await home(site.env, { staff: { memberId: service.memberId }, language: 'ja' })
    expect(own.duties).toContainEqual(
      expect.objectContaining({ kind: 'events_dead', href: `/company/events/${service.id}` }),
    )
  })
})
