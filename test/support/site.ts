/** A running installation for one test file: a world, its app on a free port, signed-in browsers. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from '../../src/app.ts'
import { connect } from '../../src/database/connect.ts'
import { startWork } from '../../src/work.ts'
import { openWorld, type World } from './env.ts'
import { until } from './until.ts'

export type Site = World & {
  issuer: string
  /** Ends the server and the world. */
  close(): Promise<void>
}

type Waiting = { numPendingAcquires(): number; numPendingCreates(): number }

export type Settings = Record<string, string>

/**
 * Opens a site. The port is taken first, since the issuer names it.
 *
 * @param nodes how many nodes stand behind the port, taking turns request by request: each its own app and pool, the
 *   same database
 */
export async function openSite(settings: Settings = {}, nodes = 1): Promise<Site> {
  let handle: Parameters<typeof createServer>[1] = (_req, res) => void res.writeHead(503).end()
  const server: Server = createServer((req, res) => handle?.(req, res))
  // The browsers let go of an idle connection; were it the server, a request on its way would meet it closed.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const issuer = settings['ISSUER'] ?? `http://localhost:${port}`
  const world = await openWorld({ PORT: String(port), ISSUER: issuer, ...settings })
  const pools = Array.from({ length: nodes - 1 }, () => connect(world.url, 12))
  const envs = [world.env, ...pools.map((db) => ({ ...world.env, db }))]
  const apps = await Promise.all(envs.map(async (env) => (await createApp(env)).app.callback()))
  let turn = 0
  handle = (req, res) => void apps[turn++ % nodes]?.(req, res)
  const stopWork = await startWork(world.env)
  // The first round of the timetable asks for every connection at once, and each is given two seconds to come.
  const { pool } = world.env.db.client as { pool: Waiting }
  await until(
    'the first round has its connections',
    () => pool.numPendingAcquires() + pool.numPendingCreates() === 0,
  )
  return {
    ...world,
    issuer,
    async close() {
      await stopWork()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      await Promise.all(pools.map((db) => db.destroy()))
      await world.close()
    },
  }
}
