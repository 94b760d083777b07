/** One HTTP server over the app: limits against slow senders, gentle end. */
import { createServer, type Server } from 'node:http'
import type Koa from 'koa'
import type { State } from './http/state.ts'

export type Listening = { server: Server; port: number; close: () => Promise<void> }

/** Listens on all interfaces. @throws Error EADDRINUSE where the port is taken */
export async function listen(app: Koa<State>, port: number): Promise<Listening> {
  const handle = app.callback()
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 5000,
      maxHeaderSize: 32_768,
    },
    (request, response) => void handle(request, response),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, resolve)
  })
  const address = server.address()
  return {
    server,
    port: typeof address === 'object' && address ? address.port : port,
    close: () => closeGently(server),
  }
}

/** Takes no new connection, lets requests under way finish, ends idle ones (R2). */
async function closeGently(server: Server): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), 8000)
  await ended
  clearTimeout(timer)
}
