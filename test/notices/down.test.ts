/** Mail down blocks nobody: consent, sign-in and withdrawal work, and the letters come once it is back (R19). */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createRemoteJWKSet, compactVerify } from 'jose'
import { SMTPServer } from 'smtp-server'
import * as consents from '../../src/consents/actions.ts'
import { Browser, itemsOn } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD } from '../support/builders.ts'
import { openSite, type Site } from '../support/site.ts'
import { authorizePath, tokensFor } from '../oidc/steps.ts'

let site: Site
let port: number
let hanging: { close(): Promise<void> }
const calls: Socket[] = []

/** A mail server that takes calls and never says a word. */
async function hang(): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    calls.push(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        calls.forEach((socket) => socket.destroy())
      }),
  }
}

/** One that works, at the same place. */
async function back(mails: string[]): Promise<SMTPServer> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        mails.push(Buffer.concat(parts).toString('utf8'))
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}

beforeAll(async () => {
  const server = await hang()
  hanging = server
  port = server.port
  site = await openSite({ SMTP_URL: `smtp://127.0.0.1:${port}` })
})
afterAll(() => site.close())

const jobs = async (): Promise<{ state: string; id: string }[]> => {
  const { rows } = (await site.env.db.raw(
    `select state, id from jobs.job where name = 'notices.mail'`,
  )) as { rows: { state: string; id: string }[] }
  return rows
}
async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + 20_000
  while (!(await met())) {
    if (Date.now() > limit) throw new Error('it did not come')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
/** What waits for its next try is tried now. */
const tryNow = () =>
  site.env.db.raw(
    `update jobs.job set start_after = now() where name = 'notices.mail' and state = 'retry'`,
  )
const attached = (mail: string) => {
  const [, base64 = ''] =
    /filename=receipt-[\w-]+\.jws\r\n\r\n([\s\S]*?)\r\n\r?\n?--/.exec(mail) ?? []
  return Buffer.from(base64.replace(/\s/g, ''), 'base64').toString()
}
const subjectOf = (mail: string) =>
  [...(/^Subject: ((?:.|\r\n )*)/m.exec(mail)?.[1] ?? '').matchAll(/=\?UTF-8\?B\?(.*?)\?=/g)]
    .map(([, part = '']) => Buffer.from(part, 'base64').toString())
    .join('')

test('consent, sign-in from a new device and withdrawal go on; every letter comes once afterwards', async () => {
  const resident = await makeResident(site.env)
  const service = await makeService(site.env)
  const begun = performance.now()
  const browser = new Browser(site.issuer)
  const start = await browser.open(authorizePath(service))
  const screen = await browser.signIn(start, { email: resident.email, password: PASSWORD })
  const shown = itemsOn(screen)
  await tokensFor(site, browser, service, resident)
  const other = new Browser(site.issuer)
  const page = await other.signIn(await other.open('/login'), {
    email: resident.email,
    password: PASSWORD,
  })
  expect(page.url).toBe(`${site.issuer}/account`)
  await consents.withdraw(site.env, resident, service.id)
  // Each of the three letters is given up after five seconds: who waited for them would need fifteen.
  expect(performance.now() - begun).toBeLessThan(14_000)
  await until(async () => calls.length > 0 && (await jobs()).length === 3)

  // Over a weekend too: 84 tries, at last once an hour.
  const limits = (await site.env.db.raw(
    `select distinct retry_limit from jobs.job where name = 'notices.mail'`,
  )) as { rows: unknown[] }
  expect(limits.rows).toEqual([{ retry_limit: 84 }])
  const mails: string[] = []
  await hanging.close()
  const server = await back(mails)
  await until(async () => {
    await tryNow()
    return (await jobs()).every(({ state }) => state === 'completed')
  })
  await new Promise<void>((resolve) => server.close(resolve))
  expect(mails.map(subjectOf).toSorted()).toEqual(
    [
      'まちID：サービスへの提供に同意しました',
      'まちID：新しい端末からサインインがありました',
      'まちID：利用を撤回しました',
    ].toSorted(),
  )
  const ids = mails.map((mail) => /^Message-ID: (\S+)/m.exec(mail)?.[1])
  expect(new Set(ids).size).toBe(3)

  // What the mail carries is the receipt: signed by the keys everybody can fetch, with the items of the screen.
  const given = mails.find((mail) => subjectOf(mail).includes('同意しました')) ?? ''
  const keys = createRemoteJWKSet(new URL(`${site.issuer}/jwks`))
  const { payload } = await compactVerify(attached(given), keys)
  const receipt = JSON.parse(new TextDecoder().decode(payload)) as {
    pii_processing: { pii_information: { item: string }[] }
    consent_event: { event_state: string }
  }
  const agreed = receipt.pii_processing.pii_information.map(({ item }) => item)
  expect(agreed.length).toBeGreaterThan(1)
  expect(shown).toEqual(expect.arrayContaining(agreed))
  expect(receipt.consent_event.event_state).toBe('given')
  const gone = mails.find((mail) => subjectOf(mail).includes('撤回')) ?? ''
  expect(Buffer.from(attached(gone).split('.')[1] ?? '', 'base64url').toString()).toContain(
    '"event_state":"withdrawn"',
  )
  const readable = mails.map((mail) =>
    [...mail.matchAll(/base64\r\n\r\n([\s\S]*?)\r\n\r?\n?--/g)]
      .map(([, part = '']) => Buffer.from(part.replace(/\s/g, ''), 'base64').toString())
      .join('\n'),
  )
  expect(readable.join()).toContain('氏名とフリガナ')
  expect(readable.join()).not.toMatch(/山田|花子|ヤマダ|ハナコ|(?<![\w-])1988(?![\w-])|0600001/)
})
