import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/database/migrate.ts'
import { identity } from '../../src/database/presence.ts'

// Runs at the same time share this server; the last one to end stops it.
const dataDir = fileURLToPath(new URL('../../.data/test', import.meta.url))

/**
 * Finds a server (TEST_DATABASE_URL, DATABASE_URL or one of our own) and makes a migrated database on it,
 * from which each test file copies its own. Tells them by MACHI_TEST_SERVER_URL and MACHI_TEST_TEMPLATE, and
 * the role the product works as, on the same server, by MACHI_TEST_APP_URL.
 */
export default async function setUp() {
  const given = process.env.TEST_DATABASE_URL || process.env.DATABASE_URL
  const embedded = given ? undefined : await begin()
  const serverUrl = given || embedded.url
  const template = `machi_template_${process.pid}_${randomBytes(4).toString('hex')}`
  const server = new pg.Client({ connectionString: serverUrl })
  await server.connect()
  if (embedded) await sweep(server)
  await server.query(`create database ${template}`)
  const appUrl = embedded?.appUrl ?? asApp(serverUrl)
  await migrate(on(serverUrl, template), { url: on(appUrl, template), renew: true })
  await server.end()
  process.env.MACHI_TEST_SERVER_URL = serverUrl
  process.env.MACHI_TEST_APP_URL = appUrl
  process.env.MACHI_TEST_TEMPLATE = template
  globalThis.machiTestServer = { serverUrl, template, stop: () => embedded?.stop() }
}

async function begin() {
  const options = { dataDir, durable: false, log: () => {} }
  try {
    return await startEmbedded(options)
  } catch {
    // Not durable: a loss of power, or another PostgreSQL version, may have left it unusable.
    await rm(dataDir, { recursive: true, force: true })
    return await startEmbedded(options)
  }
}

/** Drops what killed runs left behind: their process number stands in the name. */
async function sweep(server) {
  const { rows } = await server.query(
    String.raw`select datname from pg_database where datname like 'machi\_t%'`,
  )
  for (const { datname } of rows) {
    const pid = /^machi_(?:template|test)_(\d+)_/.exec(datname)?.[1]
    if (pid && !(await identity(Number(pid)))) {
      await server.query(`drop database if exists "${datname}" with (force)`)
    }
  }
}

function asApp(serverUrl) {
  const url = new URL(serverUrl)
  url.username = 'machi_test_app'
  url.password = 'machi-id-tests'
  return url.href
}

function on(serverUrl, database) {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}
