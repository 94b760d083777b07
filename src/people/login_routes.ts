import type Router from '@koa/router'
import { readForm } from '../http/forms.ts'
import { clientAddress } from '../http/headers.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, Middleware, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { Refusal } from '../refusal.ts'
import { asking, credentialIn, signInCeremony } from './asking.ts'
import { enter, keep, kept, leave, onward, target } from './browser.ts'
import type { Door } from './door.ts'
import type { CodePage, LoginPage, LogoutPage } from './pages.ts'
import { passkeyShown } from './passkeys.ts'
import { codeSchema, loginSchema } from './schema.ts'
import { codeStep, failed, isStepStanding, passwordStep } from './sign_in.ts'

const views = {
  login: page<LoginPage>('people/login'),
  code: page<CodePage>('people/code'),
  logout: page<LogoutPage>('people/logout'),
}

const NOTICES = ['signed_out', 'expired'] as const

/** Signing in with password and code, and signing out, at one door. */
export function loginRoutes(router: Router<State>, door: Door): void {
  const { base } = door
  router.get(`${base}/login`, (ctx) => showLogin(ctx, door))
  router.post(`${base}/login`, withPassword(door))
  router.post(`${base}/login/passkey`, withPasskey(door))
  router.get(`${base}/login/code`, async (ctx) => {
    if (await standing(ctx, door)) showCode(ctx, door, false)
    else again(ctx, door)
  })
  router.post(`${base}/login/code`, withCode(door))
  router.get(`${base}/logout`, (ctx) => {
    views.logout(ctx, { area: door.area, backHref: base })
  })
  router.post(`${base}/logout`, async (ctx) => {
    readForm(ctx, nothingSchema)
    await leave(ctx, door)
    ctx.set('Clear-Site-Data', '"cache", "storage"')
    to(ctx, `${base}/login?notice=signed_out`)
  })
}

const withPassword =
  (door: Door): Middleware =>
  async (ctx) => {
    const { email, password } = loginIn(ctx)
    const device = kept(ctx, door, 'known')
    const typed = { email, password, address: clientAddress(ctx), device }
    const passed = await passwordStep(ctx.state.env, door.area, typed, door.isInOffice)
    if (!passed) return showLogin(ctx, door, { email, wrong: true })
    keep(ctx, door, 'step', passed.step)
    keep(ctx, door, 'known', passed.device)
    to(ctx, `${door.base}/login/code${onward(ctx, door)}`)
  }

/** A passkey with user verification is both factors at once. */
const withPasskey =
  (door: Door): Middleware =>
  async (ctx) => {
    const { env } = ctx.state
    const asked = asking(ctx, door, 'sign_in', '')
    const holderId = await passkeyShown(env, asked, credentialIn(ctx))
    if (!holderId || !(await door.isInOffice(env, holderId))) {
      await failed(env, door.area, holderId)
      return showLogin(ctx, door, { failed: true })
    }
    await enter(ctx, door, holderId)
    to(ctx, target(ctx, door))
  }

const withCode =
  (door: Door): Middleware =>
  async (ctx) => {
    const { env } = ctx.state
    const step = kept(ctx, door, 'step')
    if (!step || !(await isStepStanding(env, door.area, step))) return again(ctx, door)
    const holderId = await codeStep(env, door.area, { step, code: codeIn(ctx) })
    if (!holderId) return showCode(ctx, door, true)
    keep(ctx, door, 'step', null)
    // Rights may have ended since the password.
    if (!(await door.isInOffice(env, holderId))) return again(ctx, door)
    await enter(ctx, door, holderId)
    to(ctx, target(ctx, door))
  }

async function standing(ctx: Ctx, door: Door): Promise<boolean> {
  const step = kept(ctx, door, 'step')
  return step !== undefined && isStepStanding(ctx.state.env, door.area, step)
}

/** No step stands: back to the beginning (H17). */
function again(ctx: Ctx, door: Door): void {
  keep(ctx, door, 'step', null)
  const query = new URLSearchParams(onward(ctx, door))
  query.set('notice', 'expired')
  to(ctx, `${door.base}/login?${query.toString()}`)
}

/** An empty or overlong field is a failed attempt like any other (H1). */
function loginIn(ctx: Ctx): { email: string; password: string } {
  try {
    return readForm(ctx, loginSchema)
  } catch (error) {
    if (!(error instanceof Refusal && error.reason === 'invalid_input')) throw error
    const email = ctx.state.body?.['email']
    return { email: typeof email === 'string' ? email.slice(0, 320) : '', password: '' }
  }
}

/** An empty or overlong code is a wrong one. */
export function codeIn(ctx: Ctx): string {
  try {
    return readForm(ctx, codeSchema).code
  } catch (error) {
    if (!(error instanceof Refusal && error.reason === 'invalid_input')) throw error
    return ''
  }
}

type Shown = { email?: string; wrong?: boolean; failed?: boolean }

async function showLogin(ctx: Ctx, door: Door, shown: Shown = {}): Promise<void> {
  const { email = '', wrong = false, failed: passkeyFailed = false } = shown
  const data: LoginPage = {
    area: door.area,
    email,
    wrong,
    notice: NOTICES.find((name) => name === ctx.query['notice']),
    passkey: await signInCeremony(ctx, door, passkeyFailed),
    passkeyHref: `${door.base}/login/passkey${onward(ctx, door)}`,
    passwordHref: `${door.base}/login${onward(ctx, door)}`,
    residentHref: `${ctx.state.env.config.issuer}/login`,
  }
  const first = !wrong && !passkeyFailed
  views.login(ctx, data, {
    status: first ? 200 : 401,
    script: true,
    ...(!first && { here: '' as const }),
  })
}

function showCode(ctx: Ctx, door: Door, wrong: boolean): void {
  const againHref = `${door.base}/login${onward(ctx, door)}`
  views.code(ctx, { area: door.area, wrong, againHref }, { status: wrong ? 401 : 200 })
}
