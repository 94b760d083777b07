/** A world for one test file: its own database (a copy of the migrated template), clock, log and Env. */
import { randomBytes, randomUUID } from 'node:crypto'
import { knex, type Knex } from 'knex'
import { readConfig } from '../../src/config.ts'
import { connect } from '../../src/database/connect.ts'
import type { Env } from '../../src/env.ts'
import { openQueue } from '../../src/jobs/queue.ts'
import { openLog } from '../../src/log.ts'
import { readTemplates, registerTemplates } from '../../src/templates/actions.ts'
import { openSecrets } from '../../src/vault.ts'

export type World = {
  env: Env
  /** Of the role the product works as. */
  url: string
  /** Of the owner of the tables, and a pool of it: for what the product itself may not do. */
  ownerUrl: string
  owner: Knex
  /** Moves the clock of `env.now()`; real time where nothing was set. */
  setNow(at: Date | undefined): void
  /** Every log line written so far. */
  logLines(): string[]
  close(): Promise<void>
}

/** Also for nodes in processes of their own (KEY_ENCRYPTION_KEY). */
export const KEK = Buffer.alloc(32, 'machi-id test key encryption key')

/** Copies the template database under a new name; returns its addresses and how to drop it. */
export async function newDatabase(): Promise<{
  url: string
  ownerUrl: string
  drop: () => Promise<void>
}> {
  const server = process.env['MACHI_TEST_SERVER_URL']
  const app = process.env['MACHI_TEST_APP_URL']
  const template = process.env['MACHI_TEST_TEMPLATE']
  if (!server || !app || !template) throw new Error('the global set-up did not run')
  const name = `machi_test_${process.pid}_${randomBytes(6).toString('hex')}`
  const on = (address: string) => Object.assign(new URL(address), { pathname: `/${name}` }).href
  const admin = knex({ client: 'pg', connection: server, pool: { min: 0, max: 1 } })
  try {
    await copy(admin, name, template)
  } finally {
    await admin.destroy()
  }
  // The first connection to a new database is the slowest, and this one waits for it longer than the product would.
  const first = knex({ client: 'pg', connection: on(server), pool: { min: 0, max: 1 } })
  try {
    // A copy has the rights on all that is in it, not those on the database itself.
    await first.raw(`revoke create, temporary on database ${name} from public`)
  } finally {
    await first.destroy()
  }
  const drop = async () => {
    const again = knex({ client: 'pg', connection: server, pool: { min: 0, max: 1 } })
    await again.raw(`drop database if exists ${name} with (force)`)
    await again.destroy()
  }
  return { url: on(app), ownerUrl: on(server), drop }
}

/** Two workers may copy at the same moment: PostgreSQL then refuses one, which waits its turn. */
async function copy(admin: ReturnType<typeof knex>, name: string, template: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await admin.raw(`create database ${name} template ${template}`)
      return
    } catch (error) {
      if (attempt > 100 || (error as { code?: string }).code !== '55006') throw error
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100))
    }
  }
}

/** Opens a world. `settings` are environment variables of the product (ISSUER, TRUSTED_PROXIES …). */
export async function openWorld(settings: Record<string, string> = {}): Promise<World> {
  const { url, ownerUrl, drop } = await newDatabase()
  const lines: string[] = []
  const log = openLog('info', { write: (line: string) => void lines.push(line) })
  const db = connect(url, 12)
  const owner = connect(ownerUrl, 4)
  const queue = await openQueue(url, log)
  let fixed: Date | undefined
  const templates = await readTemplates()
  await registerTemplates(db, templates, new Date())
  const env: Env = {
    db,
    now: () => fixed ?? new Date(),
    newId: () => randomUUID(),
    newSecret: () => randomBytes(32).toString('base64url'),
    log,
    config: readConfig({ DATABASE_URL: url, DATA_DIR: '/tmp/machi-id-test', ...settings }),
    secrets: await openSecrets(db, KEK, new Date()),
    queue,
    templates,
  }
  return {
    env,
    url,
    ownerUrl,
    owner,
    setNow: (at) => (fixed = at),
    logLines: () => lines,
    async close() {
      await queue.stop()
      await db.destroy()
      await owner.destroy()
      await drop()
    },
  }
}
