/** What this room keeps in a browser, and where it leads on. */
import { cookie, putCookie } from '../http/cookies.ts'
import { renewCsrf } from '../http/forms.ts'
import { deviceOf } from '../http/device.ts'
import type { Ctx } from '../http/state.ts'
import { Refusal } from '../refusal.ts'
import type { Door } from './door.ts'
import { INVITATION_SECONDS, SESSION, STEP_SECONDS } from './model.ts'
import * as sessions from './sessions.ts'

const YEAR = 365 * 86_400
/** A bearer value of ours. */
export const SECRET = /^[\w-]{43}$/

type Kept = 'step' | 'invitation' | 'known'
const PLACE: Record<Kept, { below: string; maxAge: number }> = {
  step: { below: '/login', maxAge: STEP_SECONDS },
  invitation: { below: '/invitation', maxAge: INVITATION_SECONDS.mail },
  known: { below: '/login', maxAge: YEAR },
}

const nameOf = ({ area }: Door, what: Kept) => `${area}_${what}`

/** Keeps a secret below one page of this door; `null` takes it away. */
export function keep(ctx: Ctx, door: Door, what: Kept, value: string | null): void {
  const { below, maxAge } = PLACE[what]
  putCookie(ctx, nameOf(door, what), value, { path: door.base + below, maxAge })
}

/** What `keep` kept, where it looks like one of ours. */
export function kept(ctx: Ctx, door: Door, what: Kept): string | undefined {
  const value = cookie(ctx, nameOf(door, what), door.base + PLACE[what].below)
  return value !== undefined && SECRET.test(value) ? value : undefined
}

/** Somebody showed every factor: a new session in this browser; whatever was here before is over (G2). */
export async function enter(ctx: Ctx, door: Door, holderId: string): Promise<void> {
  const { env } = ctx.state
  await leave(ctx, door)
  const device = deviceOf(ctx.get('user-agent'))
  putSession(ctx, door, await sessions.openSession(env, door.area, { holderId, device }))
  renewCsrf(ctx)
}

export function putSession(ctx: Ctx, { area, cookie: { name, path } }: Door, bearer: string): void {
  putCookie(ctx, name, bearer, { path, maxAge: SESSION[area].absolute })
}

/** Ends the session of this browser, where there is one. */
export async function leave(ctx: Ctx, { area, cookie: { name, path } }: Door): Promise<void> {
  const bearer = cookie(ctx, name, path)
  const session = bearer && (await sessions.recognise(ctx.state.env, area, bearer))
  if (session) await sessions.endSession(ctx.state.env, area, session.id)
  putCookie(ctx, name, null, { path })
}

/** Who is here, after the door's guard. */
export function here(ctx: Ctx): { id: string; name: string; session: string; confirmedAt: Date } {
  const found = ctx.state.operator ?? ctx.state.staff
  if (!found) throw new Refusal('sign_in_required')
  return found
}

/** Pages one is led to before a page of work: never the end of a way. */
const BETWEEN = /^\/(login|logout|confirm|invitation)(\/|$)/

/** Where to go on: a page below the door's own address, never another origin (V3.7.2). */
export function target(ctx: Ctx, { base }: Door): string {
  const asked = ctx.query['to']
  if (typeof asked !== 'string' || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(asked)) return base
  const origin = 'http://here.invalid'
  const url = URL.canParse(asked, origin) ? new URL(asked, origin) : undefined
  if (url?.origin !== origin) return base
  const below = url.pathname === base || url.pathname.startsWith(`${base}/`)
  return below && !BETWEEN.test(url.pathname.slice(base.length)) ? url.pathname + url.search : base
}

/** The query that carries the target on to the next step. */
export function onward(ctx: Ctx, door: Door): string {
  const to = target(ctx, door)
  return to === door.base ? '' : `?to=${encodeURIComponent(to)}`
}
