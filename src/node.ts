/** One node of the installation: the Env built from the configuration, and how to leave it. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Knex } from 'knex'
import type { Config } from './config.ts'
import { connect } from './database/connect.ts'
import { makeReady } from './database/ready.ts'
import * as demo from './demo/actions.ts'
import type { Env } from './env.ts'
import { openQueue } from './jobs/queue.ts'
import { openLog } from './log.ts'
import { mustOffer, readTemplates, registerTemplates } from './templates/actions.ts'
import { keyFile, openSecrets } from './vault.ts'

export type Node = { env: Env; close: () => Promise<void> }

/** What a command says on the terminal while it starts. */
export type Say = (sentence: string) => void

/**
 * Finds or starts the database, applies migrations, opens secrets and queue.
 *
 * @param told ends the start at its next step
 * @throws Error in plain words where something does not stand; nothing is left running
 */
export async function openNode(config: Config, say: Say, told?: AbortSignal): Promise<Node> {
  const leave: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const step of leave.splice(0).reverse()) await step()
  }
  try {
    const url = await makeReady(config, say, { leave, told })
    told?.throwIfAborted()
    const db = connect(url)
    leave.push(() => db.destroy())
    await demo.refuseInProduction({ db, config })
    const env = await buildEnv(config, url, db)
    leave.push(() => env.queue.stop())
    return { env, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function buildEnv(config: Config, url: string, db: Knex): Promise<Env> {
  const log = openLog('info')
  const now = () => new Date()
  const kek = config.keyEncryptionKey ?? (await keyFile(config.dataDir))
  const secrets = await openSecrets(db, kek, now())
  const templates = await readTemplates()
  mustOffer(templates, config.installation.consentTemplate, now())
  await registerTemplates(db, templates, now())
  return {
    db,
    now,
    newId: () => randomUUID(),
    newSecret: () => randomBytes(32).toString('base64url'),
    log,
    config,
    secrets,
    templates,
    queue: await openQueue(url, log),
  }
}
