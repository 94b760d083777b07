/**
 * `node bench/letters.ts [persons]`: letters after a leak and exports of the law's record, for so many people (100,000
 * where nothing is said) with three provisions each, on a PostgreSQL of its own. One JSON object per line; ends with 1
 * where a letter is missing or double. Mails are laid into the queue, not sent.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import * as duties from '../src/duties/actions.ts'
import * as incidents from '../src/incidents/actions.ts'
import { handlers } from '../src/incidents/jobs.ts'
import { PARTS, type Letter } from '../src/incidents/model.ts'
import { openNode } from '../src/node.ts'
import * as records from '../src/records/actions.ts'
import type { Form } from '../src/records/model.ts'
import { makeCrowd } from '../test/support/crowd.ts'
import { makePair } from '../test/support/duties.ts'

const PERSONS = Number(process.argv[2] ?? 100_000)
const TIMES = 3

const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`)

async function timed<T>(bench: string, count: (done: T) => number, work: () => Promise<T>) {
  const begun = performance.now()
  const done = await work()
  const seconds = (performance.now() - begun) / 1000
  const n = count(done)
  say({ bench, n, seconds: Math.round(seconds * 10) / 10, perSecond: Math.round(n / seconds) })
  return done
}

const folder = await mkdtemp(join(tmpdir(), 'machi-letters-'))
const node = await openNode(readConfig({ DATA_DIR: folder }), () => undefined)
const { env } = node

async function reaches(id: string, state: 'counted' | 'sent') {
  for (;;) {
    const incident = await incidents.find(env, id)
    if (incident.state === state) return incident
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function drained(form: Form): Promise<number> {
  const to = new Date(env.now().getTime() + 1)
  const scope = { memberId: undefined, serviceId: undefined, from: undefined, to }
  const lines = await records.hand(env, {
    ...{ id: env.newId(), side: 'giver', form, type: 'csv', scope, language: 'ja' },
    ...{ actor: { kind: 'system' }, reason: undefined },
  })
  let rows = -1
  for await (const piece of lines) rows += piece.split('\r\n').length - 1
  return rows
}

const pair = await makePair(env)
await timed(
  'rows_made',
  (crowd) => crowd.provisions,
  () => makeCrowd(env, pair.service, { persons: PERSONS, times: TIMES }),
)
const { id: caseId } = await duties.open(env, {
  ...{ kind: 'leak', subject: {}, actor: pair.member },
  values: { discovered_at: new Date(Date.now() - 3_600_000).toISOString() },
})
const by = pair.officer.person
await env.queue.work(handlers(env))
const scope = {
  services: [pair.service.id],
  items: ['name', 'email'],
  since: null,
  until: env.now(),
}
const counted = await timed(
  'persons_counted',
  () => PERSONS,
  async () => {
    const id = await incidents.open(env, { caseId, scope, by })
    return reaches(id, 'counted')
  },
)
const text = Object.fromEntries(PARTS.map((part) => [part, 'あ'.repeat(200)])) as Letter['ja']
const { id } = counted
const { hash } = await incidents.write(env, { id, hash: '', letter: { ja: text, en: text }, by })
await incidents.propose(env, { id, hash, by })
await timed(
  'letters_posted',
  () => PERSONS,
  async () => {
    await incidents.approve(env, { id, hash, by: pair.approver.person })
    return reaches(id, 'sent')
  },
)
await timed(
  'record_raw',
  (rows) => rows,
  () => drained('raw'),
)
await timed(
  'record_lump',
  (rows) => rows,
  () => drained('lump'),
)
const letters = await env.db('incident_letters').where({ incident_id: id }).count().first()
const wrong = counted.figures?.persons !== PERSONS || Number(letters?.['count']) !== PERSONS
say({ bench: 'ending', wrong })
await node.close()
await rm(folder, { recursive: true, force: true })
process.exitCode = wrong ? 1 : 0
