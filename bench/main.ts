/**
 * `npm run bench`: how fast the doors answer, each as a ratio to another of the same run, since numbers of two machines
 * cannot be compared. One JSON object per line; ends with 1 where a door answered wrongly. Takes less than a minute.
 */
import autocannon, { type Options } from 'autocannon'
import { start } from './server.ts'
import { basicOf, signIn, silently } from './sign_in.ts'

const SECONDS = 3
const CONNECTIONS = 8

type Measured = { perSecond: number; wrong: number }
type Door = Omit<Options, 'url' | 'connections' | 'duration'> & { path: string; status: number }

const round = (value: number) => Math.round(value * 100) / 100
const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`)

const measured = new Map<string, Measured>()

/** Measures one door after a second of warming up. */
async function measure(
  issuer: string,
  name: string,
  { path, status, ...rest }: Door,
): Promise<void> {
  const options = { url: `${issuer}${path}`, connections: CONNECTIONS, ...rest }
  await autocannon({ ...options, duration: 1 })
  const result = await autocannon({ ...options, duration: SECONDS })
  const right = result.statusCodeStats[String(status)]?.count ?? 0
  const wrong = result.requests.total - right + result.errors + result.timeouts
  const perSecond = result.requests.average
  measured.set(name, { perSecond, wrong })
  const { p50, p99 } = result.latency
  say({ bench: name, perSecond: Math.round(perSecond), p50, p99, wrong })
}

/** Whole sign-ins, a few at a time: page, password, code, tokens. */
async function measureSignIns(work: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + SECONDS * 1000
  const begun = performance.now()
  let done = 0
  const one = async () => {
    while (performance.now() < end) {
      await work()
      done++
    }
  }
  await Promise.all([one(), one(), one(), one()])
  const perSecond = done / ((performance.now() - begun) / 1000)
  measured.set('sign_in', { perSecond, wrong: 0 })
  say({ bench: 'sign_in', perSecond: round(perSecond), wrong: 0 })
}

const RATIOS = [
  ['userinfo', 'health'],
  ['introspection', 'userinfo'],
  ['refresh', 'userinfo'],
  ['single_sign_on', 'userinfo'],
  ['account', 'userinfo'],
  ['sign_in', 'single_sign_on'],
] as const

const began = performance.now()
say({ bench: 'starting', connections: CONNECTIONS, seconds: SECONDS, node: process.version })
const { demo, stop } = await start()
try {
  const { issuer } = demo
  const service = demo.services.find(({ clientSecret }) => clientSecret !== null)
  const [person] = demo.residents
  if (!service || !person) throw new Error('the demo has no service with a secret, or no resident')
  await measure(issuer, 'health', { path: '/healthz/live', status: 200 })
  await measure(issuer, 'sign_in_page', { path: '/login', status: 200 })
  const { browser, tokens } = await signIn(issuer, service, person, { prompt: 'consent' })
  const form = {
    authorization: basicOf(service),
    'content-type': 'application/x-www-form-urlencoded',
  }
  const cookie = browser.cookieHeader('/account')
  await measure(issuer, 'userinfo', {
    path: '/userinfo',
    status: 200,
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  await measure(issuer, 'introspection', {
    path: '/token/introspection',
    status: 200,
    method: 'POST',
    headers: form,
    body: `token=${tokens.access_token}&token_type_hint=access_token`,
  })
  await measure(issuer, 'refresh', {
    path: '/token',
    status: 200,
    method: 'POST',
    headers: form,
    body: `grant_type=refresh_token&refresh_token=${tokens.refresh_token}`,
  })
  await measure(issuer, 'single_sign_on', {
    path: silently(service),
    status: 303,
    headers: { cookie },
  })
  await measure(issuer, 'account', { path: '/account/services', status: 200, headers: { cookie } })
  await measureSignIns(() => signIn(issuer, service, person))
  for (const [door, other] of RATIOS) {
    const [mine, theirs] = [measured.get(door), measured.get(other)]
    if (mine && theirs)
      say({ ratio: `${door}/${other}`, value: round(mine.perSecond / theirs.perSecond) })
  }
  const wrong = [...measured].filter(([, one]) => one.wrong > 0).map(([name]) => name)
  say({ bench: 'done', seconds: Math.round((performance.now() - began) / 1000), wrong })
  if (wrong.length) process.exitCode = 1
} finally {
  await stop()
}
