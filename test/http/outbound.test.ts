/** The only way out (L8): whom nothing of ours connects to, and what it takes no notice of. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createNetServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readConfig } from '../../src/config.ts'
import {
  leadsInside,
  outboundRules,
  post,
  Unreachable,
  type Rules,
} from '../../src/http/outbound.ts'
import { openWorld } from '../support/env.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'

let listener: Receiver
beforeAll(async () => {
  listener = await openReceiver()
})
afterAll(() => listener.close())

const NOWHERE: Rules = { hosts: [] }
const HERE: Rules = { hosts: ['127.0.0.1'] }
const asked = (url: string) => ({ url, type: 'application/secevent+jwt', body: 'x' })

/** How it was refused, as our log says it; what the caller may show is one word for all. */
async function refused(url: string, rules = NOWHERE, addresses: string[] = ['127.0.0.1']) {
  const names: string[] = []
  const resolve = async (name: string) => {
    names.push(name)
    return addresses
  }
  const error = await post(asked(url), rules, resolve).catch((caught: unknown) => caught)
  if (!(error instanceof Unreachable)) throw new Error(`not refused: ${url}`)
  expect(error.message).toBe('unreachable')
  return { why: error.why, names }
}

describe('no connection is made', () => {
  test.each([
    ['loopback', 'https://127.0.0.1/'],
    ['loopback with the port of something that listens', 'https://127.0.0.1:PORT/'],
    ['loopback in clear', 'http://127.0.0.1:PORT/'],
    ['its name', 'https://localhost:PORT/'],
    ['its name with a dot', 'https://localhost./'],
    ['IPv6 loopback', 'https://[::1]:PORT/'],
    ['mapped', 'https://[::ffff:7f00:1]:PORT/'],
    ['mapped, as written by hand', 'https://[::ffff:127.0.0.1]:PORT/'],
    ['the metadata of a cloud', 'https://169.254.169.254/latest/meta-data'],
    ['hexadecimal', 'https://0x7f.1:PORT/'],
    ['decimal', 'https://2130706433:PORT/'],
    ['octal', 'https://0177.0.0.1:PORT/'],
    ['short', 'https://127.1:PORT/'],
    ['a name of the inner network', 'https://db.internal/'],
    ['a name without a dot', 'https://db/'],
    ['in clear', 'http://receiver.example/'],
    ['another port', 'https://receiver.example:8443/'],
    ['a user', 'https://receiver.example@127.0.0.1:PORT/'],
    ['another scheme', 'ftp://receiver.example/'],
    ['a file', 'file:///etc/passwd'],
    ['a line break', 'https://receiver.example/\r\nHost: db'],
  ])('%s', async (_name, url) => {
    const { names } = await refused(url.replace('PORT', String(listener.port)))
    expect(names).toEqual([])
    expect(listener.connections()).toBe(0)
  })

  test.each([
    ['loopback', ['127.0.0.1']],
    ['loopback of IPv6', ['::1']],
    ['a private one beside a public one', ['1.1.1.1', '10.0.0.1']],
    ['link-local', ['169.254.169.254']],
    ['the inside of a cloud', ['168.63.129.16']],
    ['mapped', ['::ffff:10.0.0.1']],
    ['NAT64', ['64:ff9b::a00:1']],
    ['nothing', []],
  ])('a name that leads to %s, asked once', async (_name, addresses) => {
    const { why, names } = await refused('https://rebind.example/', NOWHERE, addresses)
    expect(why).toBe(addresses.length ? 'not_public' : 'no_address')
    expect(names).toEqual(['rebind.example'])
    expect(listener.connections()).toBe(0)
  })
})

describe('of an answer', () => {
  test('a redirect is an answer, and nothing is asked of where it leads', async () => {
    const redirecting = await openReceiver()
    redirecting.behave({ status: 302, headers: { location: listener.events } })
    expect(await post(asked(redirecting.events), HERE)).toMatchObject({ status: 302 })
    expect(listener.connections()).toBe(0)
    await redirecting.close()
  })

  test('that it has arrived counts at once, whatever is said after it or never said', async () => {
    const talking = createServer((_req, res) => void res.writeHead(202).write('x'))
    await new Promise<void>((resolve) => talking.listen(0, '127.0.0.1', resolve))
    const { port } = talking.address() as AddressInfo
    const answer = await post(asked(`http://127.0.0.1:${port}/`), HERE)
    expect(answer).toEqual({ status: 202, text: '' })
    await new Promise<void>((resolve) => {
      talking.close(() => resolve())
      talking.closeAllConnections()
    })
  })

  test('what is too long is cut, and not waited for', async () => {
    const endless = createServer((_req, res) => {
      res.writeHead(400)
      const more = () => {
        if (!res.destroyed) res.write('x'.repeat(8192), () => setImmediate(more))
      }
      more()
    })
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve))
    const { port } = endless.address() as AddressInfo
    const answer = await post(asked(`http://127.0.0.1:${port}/`), HERE)
    expect(answer.status).toBe(400)
    expect(answer.text).toHaveLength(16 * 1024)
    await new Promise<void>((resolve) => {
      endless.close(() => resolve())
      endless.closeAllConnections()
    })
  })

  test.each([
    ['at once', 0],
    ['a little later', 200],
    ['never', undefined],
  ])(
    '101 and a connection that closes %s is a status, and no place is lost',
    async (_name, after) => {
      const switching = createNetServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => {
          socket.write('HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
          if (after !== undefined) setTimeout(() => socket.end(), after)
        })
      })
      await new Promise<void>((resolve) => switching.listen(0, '127.0.0.1', resolve))
      const { port } = switching.address() as AddressInfo
      const answer = await post(asked(`http://127.0.0.1:${port}/`), HERE)
      expect(answer).toEqual({ status: 101, text: '' })
      await new Promise((resolve) => switching.close(resolve))
    },
  )

  test.each([
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 20'],
    ['100 and no more', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['no HTTP', 'SSH-2.0-x\r\n'],
  ])('%s, and then the end, is no answer', async (_name, said) => {
    const rude = createNetServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(said))
    })
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve))
    const { port } = rude.address() as AddressInfo
    expect((await refused(`http://127.0.0.1:${port}/`, HERE)).why).not.toBe('timeout')
    await new Promise((resolve) => rude.close(resolve))
  })

  test('a name that leads inside is told apart when it is registered; one that leads nowhere yet is not', async () => {
    const leading = (addresses: string[]) =>
      leadsInside('https://receiver.example/', NOWHERE, async () => addresses)
    expect(await leading(['10.0.0.1'])).toBe(true)
    expect(await leading(['1.1.1.1', '::1'])).toBe(true)
    expect(await leading(['1.1.1.1'])).toBe(false)
    expect(await leading([])).toBe(false)
    const silent = () => new Promise<string[]>(() => undefined)
    expect(await leadsInside('https://receiver.example/', NOWHERE, silent)).toBe(false)
    const lan: Rules = { hosts: ['receiver.example'] }
    expect(await leadsInside('https://receiver.example/', lan, async () => ['10.0.0.1'])).toBe(
      false,
    )
  })

  test('one that drips until the end has the status it began with', async () => {
    const dripping = createServer((_req, res) => {
      res.writeHead(503).write('x')
      const drop = setInterval(() => res.write('x'), 100)
      res.on('close', () => clearInterval(drop))
    })
    await new Promise<void>((resolve) => dripping.listen(0, '127.0.0.1', resolve))
    const { port } = dripping.address() as AddressInfo
    const answer = await post(asked(`http://127.0.0.1:${port}/`), HERE)
    expect([answer.status, answer.text.slice(0, 2)]).toEqual([503, 'xx'])
    await new Promise<void>((resolve) => {
      dripping.close(() => resolve())
      dripping.closeAllConnections()
    })
  }, 10_000)

  test('one that never comes is given up; a closed port is told in the same word', async () => {
    const silent = await openReceiver()
    silent.behave('hang')
    expect((await refused(silent.events, HERE)).why).toBe('timeout')
    await silent.close()
    expect((await refused(silent.events, HERE)).why).toBe('ECONNREFUSED')
  })
})

/** A certificate for a name, made with OpenSSL; undefined where this machine has none. */
function certificate(folder: string, name: string): { key: Buffer; cert: Buffer } | undefined {
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`],
    ...['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)],
  ])
  if (made.status !== 0) return undefined
  const read = (ending: string) => readFileSync(join(folder, `${name}.${ending}`))
  return { key: read('key'), cert: read('pem') }
}

const folder = mkdtempSync(join(tmpdir(), 'machi-id-outbound-'))
const [ours, theirs] = [certificate(folder, 'localhost'), certificate(folder, 'other.example')]
afterAll(() => rmSync(folder, { recursive: true }))

if (ours && theirs)
  test('the connection goes to the address that was looked at, and the certificate must be the name’s', async () => {
    const names: (string | false | null)[] = []
    const servers = await Promise.all(
      [ours, theirs].map(async (pair) => {
        const server = createTlsServer(pair, (req, res) => {
          names.push((req.socket as TLSSocket & { servername: string }).servername)
          res.writeHead(202).end()
        })
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        return server
      }),
    )
    const ports = servers.map((server) => (server.address() as AddressInfo).port)
    writeFileSync(join(folder, 'trusted.pem'), Buffer.concat([ours.cert, theirs.cert]))
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(new URL('../support/outbound-child.ts', import.meta.url)),
        `https://localhost:${ports[0]}/`,
        `https://127.0.0.1:${ports[0]}/`,
        `https://localhost:${ports[1]}/`,
      ],
      { env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'trusted.pem') } },
    )
    expect(stdout.trim().split('\n')).toEqual([
      '202',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ])
    expect(names).toEqual(['localhost'])
    servers.forEach((server) => server.close())
  })

test('hosts that need not be public: none of themselves, and none in production (M12)', async () => {
  const world = await openWorld({ ALLOWED_PRIVATE_HOSTS: 'receiver.lan, 127.0.0.1' })
  expect(await outboundRules(world.env)).toEqual({ hosts: ['receiver.lan', '127.0.0.1'] })
  await world.close()
  expect(readConfig({}).allowedPrivateHosts).toEqual([])
  expect(() =>
    readConfig({ NODE_ENV: 'production', ALLOWED_PRIVATE_HOSTS: 'receiver.lan' }),
  ).toThrow(/ALLOWED_PRIVATE_HOSTS/)
})

test('nothing else in the product reaches out by HTTP', () => {
  const src = fileURLToPath(new URL('../../src/', import.meta.url))
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.ts'),
  )
  const reaching = files.filter((file) =>
    /from 'node:https'|\bfetch\(|\brequest as \w+Request|from 'undici'|from 'axios'/.test(
      readFileSync(`${src}${file}`, 'utf8'),
    ),
  )
  expect(reaching).toEqual(['http/outbound.ts'])
})
