/** What tests of letters do again and again: a leak told of, a round waited for. */
import * as duties from '../../src/duties/actions.ts'
import type { Actor } from '../../src/duties/model.ts'
import type { Env } from '../../src/env.ts'
import * as incidents from '../../src/incidents/actions.ts'
import type { Incident } from '../../src/incidents/model.ts'

/** A leak, discovered an hour ago; returns its case. */
export async function leak(env: Env, actor: Actor): Promise<string> {
  const discovered_at = new Date(Date.now() - 3600_000).toISOString()
  const values = { discovered_at, what: 'サーバーへの不正なアクセス', cause: '設定の誤り' }
  return (await duties.open(env, { kind: 'leak', subject: {}, values, actor })).id
}

/** Waits for a state of the row itself. */
export async function reaches(env: Env, id: string, state: Incident['state']): Promise<Incident> {
  const end = Date.now() + 30_000
  for (;;) {
    const incident = await incidents.find(env, id)
    if (incident.state === state) return incident
    if (Date.now() > end) throw new Error(`still ${incident.state}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
