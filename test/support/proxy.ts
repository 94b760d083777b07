/** Between two ends of TCP: sockets joined, and a proxy in front of PostgreSQL that can be told to swallow everything, and to let go of what it holds. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

export type Proxy = {
  /** The database's address, by way of the proxy. */
  url: string
  port: number
  /** From now on nothing passes, in either direction, on connections there are; nor on new ones until `clear`. */
  swallow(): void
  /** New connections pass again; those swallowed stay so. */
  clear(): void
  /** Connections that the client side has not closed yet. */
  open(): number
  close(): Promise<void>
}

/** Joins two sockets both ways; where one ends, so does the other. `open` holds those that have not ended. */
export function joinSockets(client: Socket, back: Socket, open: Set<Socket>): void {
  for (const [one, other] of [
    [client, back],
    [back, client],
  ] as const) {
    open.add(one)
    one.pipe(other)
    one.on('error', () => other.destroy())
    one.on('close', () => {
      open.delete(one)
      other.destroy()
    })
  }
}

/** @param port 0 takes a free one */
export async function openProxy(databaseUrl: string, port = 0): Promise<Proxy> {
  const target = new URL(databaseUrl)
  const held = new Set<Socket>()
  const swallowed = new WeakSet<Socket>()
  let swallowing = false
  const server = createServer((client) => {
    const upstream = connect(Number(target.port || 5432), target.hostname)
    held.add(client)
    if (swallowing) swallowed.add(client)
    client.on('close', () => {
      held.delete(client)
      upstream.destroy()
    })
    upstream.on('close', () => swallowed.has(client) || client.destroy())
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    client.on('data', (piece) => swallowed.has(client) || upstream.write(piece))
    upstream.on('data', (piece) => swallowed.has(client) || client.write(piece))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const at = (server.address() as AddressInfo).port
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(at)
  return {
    url: url.href,
    port: at,
    swallow() {
      swallowing = true
      for (const client of held) swallowed.add(client)
    },
    clear: () => (swallowing = false),
    open: () => held.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const client of held) client.destroy()
      }),
  }
}
