/** Letters on their way: sealed in the queue, sent by SMTP, kept while the server is down (H23, L4, R19). */
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { SMTPServer } from 'smtp-server'
import * as notices from '../../src/notices/actions.ts'
import { handlers, write, type Sent } from '../../src/notices/jobs.ts'
import { CAPPED, oneLine, type LetterName } from '../../src/notices/model.ts'
import { LANGUAGES, messages, type Language } from '../../src/locales/index.ts'
import type { Letter } from '../../src/locales/letter.ts'
import type { Env } from '../../src/env.ts'
import { markDemo } from '../support/builders.ts'
import { openWorld, type World } from '../support/env.ts'

const LINK = 'https://id.example.jp/link/verify/secret-secret'
const values = {
  link: LINK,
  at: '2026年11月21日 9:05',
  address: 'mo•••••@example.jp',
  failures: 12,
  services: ['まちなか回遊アプリ（提供者：A社）'],
  request: 'R-2026-0001',
  number: 'W-1',
  service: 'Machinaka app',
  subject: 'MC-0000-0000-0000-0000-0000',
  due: '2026-12-21',
  until: '2026-11-28 10:00',
  outcome: 'partly',
  company: 'Hoshizora Inc.',
  note: '住所を登記のとおりにしてください。',
  clientId: 'walk-5d1e0c6a9b3f',
  decision: 'returned',
  by: '路線 進',
  before: 'Before Inc.',
  after: 'After Inc.',
  from: 'Before Inc.',
  to: 'After Inc.',
  name: 'Makoto Aoba',
  area: 'staff',
  change: 'passkey_added',
  lastDay: '2026年12月31日',
  days: 7,
  on: '2027-03-31',
  left: 30,
  title: 'Request for a report',
  less: 1,
  provider: 'Machinaka Inc.',
  contact: 'お客様窓口 00-1111-0001',
  reason: 'security',
  text: '調べが終わるまで停止します。',
  excluded: false,
  turnedTo: 'suspended',
  items: ['氏名とフリガナ'],
  device: 'Firefox / Windows',
  addressRestored: true,
  closingCalledOff: true,
  version: 2,
  asks: true,
  term: 'provision',
  kind: 'disclosure',
  given: false,
  each: [{ name: 'Walks', items: ['Name'], times: 12, until: '2027-03-31', withdrawHref: LINK }],
  idle: [{ name: 'Walks', since: '2026-05-01', withdrawHref: LINK }],
}
const TEXT = 'Somebody copied a file.'
/** What a letter calls by a name that means something else in another one. */
const OWN: { [letter: string]: object } = {
  leak: {
    text: { overview: TEXT, items: TEXT, cause: TEXT, secondary: TEXT, other: TEXT, contact: TEXT },
  },
}
const verify = (to: string) =>
  ({ to, language: 'ja', letter: 'verify', values: { link: LINK, at: values.at } }) as const
const nothing: Sent = () => Promise.resolve()

type Job = { data: { id: string; sealed: string }; state: string; retry_count: number }
const jobs = async (env: Env): Promise<Job[]> => {
  const { rows } = (await env.db.raw(
    `select data, state, retry_count from jobs.job where name = 'notices.mail' order by created_on`,
  )) as { rows: Job[] }
  return rows
}

/** An SMTP server of our own that takes everything it is told to take. */
async function mailServer(): Promise<{
  url: string
  mails: { from: string; to: string[]; source: string }[]
  takes: { yes: boolean }
  close: () => Promise<void>
}> {
  const mails: { from: string; to: string[]; source: string }[] = []
  const takes = { yes: true }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        if (!takes.yes) return done(new Error('451 later'))
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map((r) => r.address),
          source: Buffer.concat(parts).toString('utf8'),
        })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    takes,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

/** Whether a letter leads anywhere at all. */
function bringsLink(language: Language, letter: LetterName): boolean {
  const letters = messages[language].notices.letters as Record<string, (v: unknown) => Letter>
  return letters[letter]?.({ ...values, ...OWN[letter] }).link !== undefined
}

describe('letters', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld()
  })
  afterAll(() => world.close())

  const cases = LANGUAGES.flatMap((language) =>
    (Object.keys(messages.ja.notices.letters) as LetterName[]).map(
      (letter) => [language, letter] as const,
    ),
  )

  test.each(cases)(
    '%s %s: one link or none, the same in text and HTML, nothing from elsewhere',
    (language, letter) => {
      const mine = { ...values, ...OWN[letter] }
      const mail = write(world.env, { to: 'a@example.jp', language, letter, values: mine })
      const links = mail.text.includes(LINK) ? [LINK] : []
      expect(links.length > 0).toBe(bringsLink(language, letter))
      expect([...new Set(mail.text.match(/https?:\/\/\S+/g))]).toEqual(links)
      expect([...new Set(mail.html.match(/https?:\/\/[^\s"<]+/g))]).toEqual(links)
      expect(mail.html).toContain(`<html lang="${language}">`)
      expect(mail.html).not.toMatch(/<img|<script|<link|url\(|@import/)
      expect(mail.subject.length).toBeLessThanOrEqual(60)
      expect(mail.text + mail.html).not.toMatch(/undefined|\[object/)
      if (language === 'en') expect(mail.subject).not.toMatch(/\p{Script=Han}/u)
    },
  )

  test.each(LANGUAGES)(
    'who did not do it has a link of its own, after all else (%s)',
    (language) => {
      const { ask, text, note } = messages[language].notices.notMe
      const notMe = 'https://id.example.jp/link/not_me/another-secret'
      const mail = { to: 'a@example.jp', language, letter: 'withdrawn', values } as const
      const written = write(world.env, { ...mail, notMe })
      expect(written.text).toContain(`${ask}\n\n${text}\n${notMe}\n\n${note}\n\n—`)
      expect(written.html.indexOf(`href="${notMe}"`)).toBeGreaterThan(written.html.indexOf(LINK))
      for (const words of [ask, note]) expect(written.html).toContain(words)
      expect(write(world.env, mail).html).not.toContain(ask)
    },
  )

  test('what came from outside is text, in HTML too (L2)', () => {
    const services = ['<img src=x onerror=alert(1)>{{7*7}}<%= 7*7 %>']
    const mail = write(world.env, {
      to: 'a@example.jp',
      language: 'ja',
      letter: 'withdrawn',
      values: { ...values, services },
    })
    expect(mail.html).toContain('&lt;img src=x')
    expect(mail.html).not.toContain('<img')
    expect(mail.html).toContain('{{7*7}}')
    expect(mail.html).not.toContain('49')
  })

  test('nothing begins another header (L4)', () => {
    expect(oneLine('a@example.jp\r\nBcc: b@example.jp')).toBe('a@example.jp Bcc: b@example.jp')
    expect(oneLine('x\u2028y\u0000z')).toBe('x y z')
  })

  test('the queue holds no address and no link in plain (M1)', async () => {
    await notices.send(world.env, verify('canary@example.jp'))
    const [job] = await jobs(world.env)
    expect(JSON.stringify(job)).not.toMatch(/canary|secret-secret/)
    expect(Buffer.from(job?.data.sealed ?? '', 'base64').toString('latin1')).not.toMatch(
      /canary|secret-secret/,
    )
  })

  test('without a mail server and outside demo mode it is dropped, and the log says so (M1, L4)', async () => {
    const [job] = await jobs(world.env)
    const told: string[] = []
    const sent: Sent = (_, about) => Promise.resolve(void told.push(about))
    const production = { ...world.env, config: { ...world.env.config, production: true } }
    await handlers(world.env, sent)['notices.mail'](job?.data)
    expect(await world.env.db('dev_mails')).toEqual([])
    expect(world.logLines().join('')).toMatch(/"event":"mail_dropped","letter":"verify"/)
    expect(world.logLines().join('')).not.toMatch(/canary|secret-secret|"event":"mail_sent"/)
    expect(told).toEqual([])
    await markDemo(world.env)
    await handlers(production, sent)['notices.mail'](job?.data)
    expect(await world.env.db('dev_mails')).toEqual([])
  })

  test('a demo keeps it for /dev/mail, once however often the job comes', async () => {
    const [job] = await jobs(world.env)
    const work = handlers(world.env, nothing)['notices.mail']
    await work(job?.data)
    await work(job?.data)
    const mails = await notices.devMails(world.env)
    expect(mails).toHaveLength(1)
    expect(mails[0]).toMatchObject({
      to: 'canary@example.jp',
      subject: 'まちID：メールアドレスの確認',
    })
    expect(world.logLines().join('')).not.toContain('canary')
  })

  test('a demo keeps the newest two hundred', async () => {
    const old = Array.from({ length: 205 }, (_, n) => ({
      id: world.env.newId(),
      recipient: `old${n}@example.jp`,
      subject: 's',
      body_text: 't',
      body_html: 'h',
      at: new Date(Date.UTC(2020, 0, 1, 0, 0, n)),
    }))
    await world.env.db('dev_mails').insert(old)
    const [job] = await jobs(world.env)
    await world.env.db('dev_mails').where('recipient', 'canary@example.jp').delete()
    await handlers(world.env, nothing)['notices.mail'](job?.data)
    const kept = await world.env.db('dev_mails').pluck<string[]>('recipient')
    expect(kept).toHaveLength(200)
    expect(kept).toContain('canary@example.jp')
    expect(kept).toContain('old204@example.jp')
    expect(kept).not.toContain('old5@example.jp')
  })

  test('a job of another id does not open (M2)', async () => {
    const [job] = await jobs(world.env)
    const work = handlers(world.env, nothing)['notices.mail']
    await expect(work({ ...job?.data, id: world.env.newId() })).rejects.toThrow()
  })

  test('five an hour to one address, where strangers could cause them; warnings always (H23)', async () => {
    const before = (await jobs(world.env)).length
    await Promise.all(
      Array.from({ length: 20 }, () => notices.send(world.env, verify('flood@example.jp'))),
    )
    expect((await jobs(world.env)).length - before).toBe(5)
    await notices.send(world.env, verify('other@example.jp'))
    for (let n = 0; n < 7; n++)
      await notices.send(world.env, {
        to: 'flood@example.jp',
        language: 'ja',
        letter: 'password_changed',
        values: { link: LINK, at: values.at },
      })
    expect((await jobs(world.env)).length - before).toBe(13)
    expect([...CAPPED].toSorted()).toEqual([
      'already_registered',
      'application_received',
      'change_email',
      'recover',
      'verify',
    ])
  })

  test('a letter whose fact did not happen is not sent', async () => {
    const before = (await jobs(world.env)).length
    const rolledBack = world.env.db.transaction(async (db) => {
      await notices.send({ ...world.env, db }, verify('never@example.jp'))
      throw new Error('no')
    })
    await expect(rolledBack).rejects.toThrow('no')
    expect((await jobs(world.env)).length).toBe(before)
  })
})

describe('by SMTP', () => {
  let world: World | undefined
  let server: Awaited<ReturnType<typeof mailServer>>
  beforeAll(async () => {
    server = await mailServer()
  })
  afterAll(() => server.close())
  afterEach(async () => {
    await world?.close()
    world = undefined
  })

  const until = async (met: () => boolean | Promise<boolean>) => {
    const limit = Date.now() + 45_000
    while (!(await met())) {
      if (Date.now() > limit) throw new Error('it did not come')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  test('a letter goes out with its text and HTML, and says when', async () => {
    world = await openWorld({ SMTP_URL: server.url })
    const told: string[] = []
    await world.env.queue.work(
      handlers(world.env, (_, about) => {
        told.push(about)
        return Promise.resolve()
      }),
    )
    await notices.send(world.env, { ...verify('hanako@example.jp'), about: 'link-1' })
    await until(() => told.length === 1)
    expect(told).toEqual(['link-1'])
    const [mail] = server.mails.splice(0)
    expect(mail?.to).toEqual(['hanako@example.jp'])
    expect(mail?.from).toBe('no-reply@machi-id.example')
    expect(mail?.source).toMatch(/^Subject: =\?UTF-8\?/m)
    expect(mail?.source).toMatch(/^Auto-Submitted: auto-generated/m)
    expect(mail?.source).toMatch(/^Message-ID: <[0-9a-f-]{36}@localhost>/m)
    expect(mail?.source).toContain('multipart/alternative')
    expect(await notices.devMails(world.env)).toEqual([])
  })

  test('a server that is down or says later delays it; nothing is lost (R19)', async () => {
    world = await openWorld({ SMTP_URL: server.url })
    server.takes.yes = false
    await world.env.queue.work(handlers(world.env, nothing))
    const { env } = world
    await notices.send(env, verify('patient@example.jp'))
    await until(async () => (await jobs(env))[0]?.state === 'retry')
    expect(server.mails).toEqual([])
    server.takes.yes = true
    await until(() => server.mails.length === 1)
    expect(server.mails[0]?.to).toEqual(['patient@example.jp'])
  })
})
