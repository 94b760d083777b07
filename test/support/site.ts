/** A running installation for one test file: a world, its app on a free port, signed-in browsers. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from '../../src/app.ts'
import { startWork } from '../../src/work.ts'
import { openWorld, type World } from './env.ts'

export type Site = World & {
  issuer: string
  /** Ends the server and the world. */
  close(): Promise<void>
}

/** A second node of the same installation: its own pool and app, the same database. */
export type Settings = Record<string, string>

/** Opens a site. The port is taken first, since the issuer names it. */
export async function openSite(settings: Settings = {}): Promise<Site> {
  let handle: Parameters<typeof createServer>[1] = (_req, res) => void res.writeHead(503).end()
  const server: Server = createServer((req, res) => handle?.(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const issuer = settings['ISSUER'] ?? `http://localhost:${port}`
  const world = await openWorld({ PORT: String(port), ISSUER: issuer, ...settings })
  const { app } = await createApp(world.env)
  handle = app.callback()
  const stopWork = await startWork(world.env)
  return {
    ...world,
    issuer,
    async close() {
      await stopWork()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      await world.close()
    },
  }
}
