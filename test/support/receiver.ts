/** A service's receiving side: a real HTTP server that takes events and logout tokens, and behaves as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Got = { path: string; type: string; body: string }

/** How the next requests are answered: a status, perhaps with a body, or never. */
export type Behaviour = { status: number; body?: string; headers?: Record<string, string> } | 'hang'

export type Receiver = Awaited<ReturnType<typeof openReceiver>>

/** Answers 202 to everything until told otherwise. */
export async function openReceiver() {
  const got: Got[] = []
  let behave: (got: Got) => Behaviour = () => ({ status: 202 })
  let connections = 0
  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const one = {
      path: req.url ?? '',
      type: req.headers['content-type'] ?? '',
      body: Buffer.concat(chunks).toString(),
    }
    got.push(one)
    const answer = behave(one)
    if (answer === 'hang') return
    res.writeHead(answer.status, answer.headers).end(answer.body)
  }
  const server = createServer((req, res) => {
    take(req, res).catch(() => res.destroy())
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    events: `http://127.0.0.1:${port}/events`,
    logout: `http://127.0.0.1:${port}/logout`,
    /** Everything that came, in its order. */
    got,
    connections: () => connections,
    behave(how: Behaviour | ((got: Got) => Behaviour)) {
      behave = typeof how === 'function' ? how : () => how
    },
    /** The events that came, by their `jti`: what a receiver keeps of them. */
    tokens: () => got.filter((one) => one.path === '/events').map((one) => one.body),
    logouts: () =>
      got
        .filter((one) => one.path === '/logout')
        .map((one) => new URLSearchParams(one.body).get('logout_token') ?? ''),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
