/**
 * `node bench/ledger.ts [entries]`: how long the ledger's check takes with so many records of provision (1,000,000 where
 * nothing is said), on a PostgreSQL of its own, by the command an auditor runs. One JSON object per line; ends with 1
 * where the check finds a fault or an entry too few.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commitment, evidence } from '../src/audit/model.ts'
import { readConfig } from '../src/config.ts'
import { isUnavailable } from '../src/database/faults.ts'
import * as ledger from '../src/ledger/actions.ts'
import { openNode } from '../src/node.ts'
import { makeService } from '../test/support/builders.ts'
import { insertAgreement, type Released } from '../test/support/evidence.ts'

const ENTRIES = Number(process.argv[2] ?? 1_000_000)
const PERSONS = 100
/** Rows of one insert; then they get their places. */
const AT_ONCE = 2000

const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`)
const since = (begun: number) => Math.round((performance.now() - begun) / 100) / 10

const dataDir = await mkdtemp(join(tmpdir(), 'machi-ledger-'))
const node = await openNode(readConfig({ DATA_DIR: dataDir }), () => undefined)
const { env } = node

/** A record as the product writes it, of somebody in turn. */
function record({ resident, agreement, service }: Released) {
  const [id, at, salt] = [env.newId(), env.now().toISOString(), Buffer.alloc(32, 7)]
  const ids = {
    ...{ service: service.id, member: service.memberId, agreement, consent: agreement },
    ...{ service_version: service.id, contract_version: service.contractId },
  }
  const said = {
    path: 'userinfo',
    items: ['user_id', 'name', 'birth_year', 'sex', 'email', 'address'],
    purposes: ['contact', 'service_delivery'],
    withheld: { sex: 'no_value' },
  }
  const subject = commitment(salt, resident)
  const sealed = evidence({ id, event: 'provision', at, subject, ...ids, ...said })
  return {
    ...{ id, at, resident_id: resident, ...said, withheld: JSON.stringify(said.withheld), salt },
    ...Object.fromEntries(Object.entries(ids).map(([name, value]) => [`${name}_id`, value])),
    ...{ canonical: sealed.canonical, leaf_hash: sealed.leafHash },
  }
}

/** Gives all entries their places; a round that was too slow is taken up by the next, as in the product. */
async function placed(): Promise<void> {
  for (;;)
    try {
      if (!(await ledger.sequence(env))) return
    } catch (error) {
      if (!isUnavailable(error)) throw error
    }
}

async function grow(): Promise<void> {
  const service = await makeService(env)
  const people: Released[] = []
  while (people.length < PERSONS) people.push(await insertAgreement(env, env.now(), service))
  for (let made = 0; made < ENTRIES; made += AT_ONCE) {
    const rows = people.flatMap((one) =>
      Array.from({ length: AT_ONCE / PERSONS }, () => record(one)),
    )
    await env.db('provision_records').insert(rows.slice(0, ENTRIES - made))
    await placed()
  }
}

/** `npm run ledger:verify` of this installation. */
async function verified() {
  const main = fileURLToPath(new URL('../src/verify.ts', import.meta.url))
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (piece: Buffer) => (text += piece.toString()))
  await once(child, 'close')
  return JSON.parse(text) as { ok: boolean; trees: { tree: string; size: number }[] }
}

try {
  const growing = performance.now()
  await grow()
  say({ bench: 'entries_made', n: ENTRIES, seconds: since(growing) })
  const checking = performance.now()
  const { ok, trees } = await verified()
  const size = trees.find(({ tree }) => tree === 'provisions')?.size ?? 0
  say({ bench: 'ledger_verified', n: size, seconds: since(checking), ok })
  process.exitCode = ok && size >= ENTRIES ? 0 : 1
} finally {
  await node.close()
  await rm(dataDir, { recursive: true, force: true })
}
