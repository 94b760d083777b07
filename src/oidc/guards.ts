/** Who is signed in: oidc-provider's session, used outside its own routes too, so that there is one per browser. */
import type { Provider } from 'oidc-provider'
import type { Guards } from '../http/guards.ts'
import { putCookie } from '../http/cookies.ts'
import { to } from '../http/redirect.ts'
import { renewCsrf } from '../http/forms.ts'
import { settleLanguage } from '../http/language.ts'
import type { Ctx, Middleware, SignedIn } from '../http/state.ts'
import * as notices from '../notices/actions.ts'
import * as residents from '../residents/actions.ts'
import { Refusal } from '../refusal.ts'
import { companyGuard } from './company_guard.ts'
import { deviceOf } from '../http/device.ts'
import { LIFETIME } from './limits.ts'
import { serviceGuard } from './service_guard.ts'
import * as store from './store.ts'

type Session = Awaited<ReturnType<Provider['Session']['get']>>

/** A page seen this long after the last keeps the session alive at most this much behind. */
const TOUCH_SECONDS = 60

type Ours = Pick<
  Guards,
  'anyone' | 'resident' | 'company' | 'service' | 'openSession' | 'closeSession'
>

export function makeGuards(provider: () => Provider): Ours {
  const anyone: Middleware = async (ctx, next) => {
    await recognise(provider(), ctx)
    await next()
  }
  const resident: Middleware = async (ctx, next) => {
    await recognise(provider(), ctx)
    if (ctx.state.resident && mayOpen(ctx)) {
      const { env, language, resident } = ctx.state
      ctx.state.unread = await notices.unread(env, resident.residentId, language)
      return next()
    }
    if (ctx.state.resident) return to(ctx, CLOSING)
    // A program cannot follow a redirect to a form.
    if (ctx.accepts(['html', 'json']) === 'json') throw new Refusal('sign_in_required')
    const back = ctx.method === 'GET' ? `?to=${encodeURIComponent(ctx.url)}` : ''
    to(ctx, `/login${back}`)
  }
  return {
    anyone,
    resident,
    company: companyGuard(provider),
    service: serviceGuard(provider),
    openSession: (ctx, account) => openSession(provider(), ctx, account),
    closeSession: (ctx) => closeSession(provider(), ctx),
  }
}

const CLOSING = '/account/close'
/**
 * What stays open until then: requests, what they must read, and the evidence, which nobody can ask for once it belongs
 * to no one.
 */
const OPEN_WHILE_CLOSING =
  /^\/account\/(close|requests|notices|letters|history|receipts|proofs|texts)(\/|$)|^\/account\/history\.(csv|json)$/
/** Open to look at: what was agreed to, and what companies answered to requests to erase. */
const READ_WHILE_CLOSING = /^\/account\/services(\/[0-9a-f-]{36}(\/showings\/[0-9a-f-]{36})?)?$/

/**
 * Whoever asked to close their account is shown the waiting page, notices and letters, their requests and evidence, and
 * nothing else (R13).
 */
function mayOpen(ctx: Ctx): boolean {
  if (!ctx.state.resident?.closing || OPEN_WHILE_CLOSING.test(ctx.path)) return true
  return (ctx.method === 'GET' || ctx.method === 'HEAD') && READ_WHILE_CLOSING.test(ctx.path)
}

async function recognise(provider: Provider, ctx: Ctx): Promise<void> {
  if (ctx.state.resident) return
  const session = await provider.Session.get(ctx)
  if (!session.accountId) return
  const { env } = ctx.state
  const found = await residents.byUserId(env, session.accountId)
  if (!found) return
  await keepAlive(ctx, session)
  const { family_name, given_name } = found.profile
  const known: SignedIn = {
    residentId: found.id,
    userId: found.userId,
    sessionUid: session.uid,
    loginTs: session.loginTs ?? 0,
    displayName: family_name && given_name ? `${family_name} ${given_name}` : undefined,
    closing: Boolean(found.closesAt),
  }
  ctx.state.resident = known
  settleLanguage(ctx, found.chosenLanguage)
}

/** Moves the idle limit on, at most once a minute. */
async function keepAlive(ctx: Ctx, session: Session): Promise<void> {
  const left = (session.exp ?? 0) - Math.floor(ctx.state.env.now().getTime() / 1000)
  if (left > LIFETIME.session - TOUCH_SECONDS) return
  await session.save(LIFETIME.session)
  setSessionCookie(ctx, session.jti)
  await residents.touchSignIn(ctx.state.env, session.uid)
}

/** Sets the session cookie as the library does, or takes it away with `null`. */
export function setSessionCookie(ctx: Ctx, value: string | null): void {
  putCookie(ctx, 'session', value, { maxAge: LIFETIME.session })
}

/** `__Host-` where the issuer is https, plain on http (G1). */
export function sessionCookieName(issuer: string): string {
  return issuer.startsWith('https:') ? '__Host-session' : 'session'
}

async function openSession(
  provider: Provider,
  ctx: Ctx,
  account: { residentId: string; userId: string },
): Promise<void> {
  await dropSession(provider, ctx)
  const { env } = ctx.state
  const session = new provider.Session()
  session.loginAccount({
    accountId: account.userId,
    loginTs: Math.floor(env.now().getTime() / 1000),
    amr: ['pwd'],
  })
  await residents.noteSignIn(env, {
    sessionUid: session.uid,
    residentId: account.residentId,
    device: deviceOf(ctx.get('user-agent')),
  })
  await session.save(LIFETIME.session)
  setSessionCookie(ctx, session.jti)
  renewCsrf(ctx)
}

async function closeSession(provider: Provider, ctx: Ctx): Promise<void> {
  await dropSession(provider, ctx)
  setSessionCookie(ctx, null)
  renewCsrf(ctx)
  delete ctx.state.resident
}

/** Ends the session this browser has, with its grants: the sign-in is marked ended, which every use reads. */
export async function dropSession(provider: Provider, ctx: Ctx): Promise<void> {
  const session = await provider.Session.get(ctx)
  if (session.accountId) await residents.endSignIn(ctx.state.env, session.uid)
  await store.deleteSessionsByUid(ctx.state.env.db, session.uid)
}
