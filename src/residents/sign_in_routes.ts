import type Router from '@koa/router'
import { browserToken, keepBrowserToken, knownAs, noteKnown } from '../http/cookies.ts'
import { deviceOf } from '../http/device.ts'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { clientAddress } from '../http/headers.ts'
import { keepLanguage } from '../http/language.ts'
import type { LoginForm } from '../http/parts.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import * as residents from './actions.ts'
import { to } from './browser.ts'
import { requestRecovery } from './credentials.ts'
import type { AddressPage, LogoutPage } from './pages.ts'
import { emailSchema, loginSchema } from './schema.ts'
import { emailIn, evenly } from './sign_up_routes.ts'

const views = {
  login: page<LoginForm>('interaction/login'),
  logout: page<LogoutPage>('residents/logout'),
  recover: page<AddressPage>('residents/recover'),
  recoverSent: page('residents/recover_sent'),
}

const NOTICES = ['session_ended', 'signed_out', 'password_changed'] as const

export function signInRoutes(router: Router<State>, guards: Guards): void {
  router.get('/login', guards.anyone, (ctx) => {
    if (ctx.state.resident) return to(ctx, target(ctx))
    showLogin(ctx, '', false)
  })
  router.post('/login', async (ctx) => {
    const { env } = ctx.state
    const { email, password } = loginIn(ctx)
    const asked = { email, password, address: clientAddress(ctx), device: knownAs(ctx) }
    const found = await residents.authenticate(env, asked)
    if (!found) return showLogin(ctx, email, true)
    const browser = { token: browserToken(ctx), device: deviceOf(ctx.get('user-agent')) }
    keepBrowserToken(ctx, await residents.meet(env, found, browser))
    await guards.openSession(ctx, { residentId: found.id, userId: found.userId })
    noteKnown(ctx, await residents.deviceOf(env, found.id))
    keepLanguage(ctx, found.chosenLanguage)
    to(ctx, target(ctx))
  })

  router.get('/logout', guards.anyone, (ctx) => {
    views.logout(ctx, { signedIn: ctx.state.resident !== undefined })
  })
  router.post('/logout', guards.anyone, async (ctx) => {
    readForm(ctx, nothingSchema)
    await guards.closeSession(ctx)
    // Not "cookies": that would reach every host below the same registrable domain.
    ctx.set('Clear-Site-Data', '"cache", "storage"')
    to(ctx, '/login?notice=signed_out')
  })

  router.get('/recover', guards.anyone, (ctx) => {
    views.recover(ctx, { email: '', fields: {} })
  })
  router.post('/recover', async (ctx) => {
    try {
      const { email } = readForm(ctx, emailSchema)
      await evenly(requestRecovery(ctx.state.env, { email, address: clientAddress(ctx) }))
    } catch (error) {
      const fields = fieldsIn(error)
      return void views.recover(ctx, { email: emailIn(ctx), fields }, { status: 422 })
    }
    to(ctx, '/recover/sent')
  })
  router.get('/recover/sent', guards.anyone, (ctx) => void views.recoverSent(ctx, {}))
}

/** An empty or overlong field is a failed attempt like any other: the page says one sentence for all (H1). */
function loginIn(ctx: Ctx): { email: string; password: string } {
  try {
    return readForm(ctx, loginSchema)
  } catch (error) {
    fieldsIn(error)
    return { email: emailIn(ctx).slice(0, 320), password: '' }
  }
}

function showLogin(ctx: Ctx, email: string, wrong: boolean): void {
  const asked = ctx.query['notice']
  const form: LoginForm = {
    service: undefined,
    email,
    wrong,
    notice: NOTICES.find((name) => name === asked),
    recoverHref: '/recover',
    signupHref: '/signup',
    resendHref: '/signup/resend',
    cancelHref: undefined,
  }
  views.login(ctx, form, { status: wrong ? 401 : 200 })
}

/** Where to go after sign-in: a path of ours, never another origin (V3.7.2). */
function target(ctx: Ctx): string {
  const { issuer } = ctx.state.env.config
  const asked = ctx.query['to'] ?? ctx.state.body?.['to']
  if (typeof asked !== 'string' || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(asked)) return '/account'
  const url = URL.canParse(asked, issuer) ? new URL(asked, issuer) : undefined
  if (url?.origin !== new URL(issuer).origin) return '/account'
  // Steps such as `/.//` are gone now: what is left must not name a host.
  return /^\/(?![/\\])[^\\]*$/.test(url.pathname) ? url.pathname + url.search : '/account'
}
