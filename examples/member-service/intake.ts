/** Where Machi ID tells the service something: two addresses, registered at onboarding. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { NotOurs, type Notice, type NoticeReader } from './notices.ts'

const EVENTS = '/events'
const LOGOUT = '/backchannel-logout'
export const NOTICES: readonly string[] = [EVENTS, LOGOUT]

const LARGEST = 64 * 1024

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    if ((size += (chunk as Buffer).length) > LARGEST) throw new NotOurs('invalid_request')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString()
}

/** A notice of Machi ID: taken only where it is signed, for us, and new. */
export async function takeNotice(
  request: IncomingMessage,
  response: ServerResponse,
  { reader, path, act }: { reader: NoticeReader; path: string; act: (notice: Notice) => void },
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store')
  try {
    const body = await bodyOf(request)
    const notice =
      path === EVENTS
        ? await reader.event(body)
        : await reader.logout(new URLSearchParams(body).get('logout_token') ?? '')
    if (notice) act(notice)
    response.writeHead(path === EVENTS ? 202 : 200).end()
  } catch (error) {
    if (!(error instanceof NotOurs)) throw error
    const said = path === EVENTS ? { err: error.err } : { error: 'invalid_request' }
    response.writeHead(400, { 'Content-Type': 'application/json' }).end(JSON.stringify(said))
  }
}
