import type Router from '@koa/router'
import { browserToken, keepBrowserToken, noteKnown, takeReturn } from '../http/cookies.ts'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, Middleware, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { dropLink, keepLink, linkKind, linkSecret, to } from './browser.ts'
import { remember } from './devices.ts'
import { hasRivals, verifyEmail } from './confirming.ts'
import { confirmEmailChange, holderOf, recover, undoEmailChange } from './credentials.ts'
import { notMe } from './locking.ts'
import type { LinkKind } from './model.ts'
import type { LinkDonePage, LinkExpiredPage, LinkPage, NewPasswordPage } from './pages.ts'
import { newPasswordSchema, verifySchema } from './schema.ts'

const views = {
  link: page<LinkPage>('residents/link'),
  expired: page<LinkExpiredPage>('residents/link_expired'),
  done: page<LinkDonePage>('residents/link_done'),
  newPassword: page<NewPasswordPage>('residents/new_password'),
  locked: page('residents/locked'),
}

/** Where to go on after a link that no longer works. */
const NEXT: Record<LinkKind, string> = {
  verify: '/signup/resend',
  recover: '/recover',
  change_email: '/account/security',
  undo_email: '/recover',
  not_me: '/recover',
}

/** Links in mails: the address gives its secret to a cookie, the clean page has a button, the button acts (H19, I5). */
export function linkRoutes(router: Router<State>, guards: Guards): void {
  router.get('/link/verify/done', guards.anyone, (ctx) => {
    const uid = takeReturn(ctx)
    const onward = uid
      ? ({ next: 'goOn', nextHref: `/interaction/${uid}` } as const)
      : ({ next: 'signIn', nextHref: '/login' } as const)
    views.done(ctx, { kind: 'verify', ...onward })
  })
  router.get('/link/change_email/done', guards.anyone, (ctx) => {
    const onward = ctx.state.resident
      ? ({ next: 'toSecurity', nextHref: '/account/security' } as const)
      : ({ next: 'signIn', nextHref: '/login' } as const)
    views.done(ctx, { kind: 'change_email', ...onward })
  })
  router.get('/link/not_me/done', guards.anyone, (ctx) => void views.locked(ctx, {}))
  router.get('/link/:kind/:secret', (ctx) => {
    const kind = linkKind(ctx)
    keepLink(ctx, kind, String(ctx['params']['secret']))
    to(ctx, `/link/${kind}`)
  })
  router.get('/link/:kind', guards.anyone, expiredPage, show)
  router.post('/link/:kind', guards.anyone, expiredPage, act)
}

/** A link that no longer works has a page that leads on. */
const expiredPage: Middleware = async (ctx, next) => {
  try {
    await next()
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'link_expired') throw error
    const kind = linkKind(ctx)
    dropLink(ctx, kind)
    views.expired(ctx, { kind, nextHref: NEXT[kind] }, { status: 410 })
  }
}

async function show(ctx: Ctx): Promise<void> {
  const kind = linkKind(ctx)
  const holder = await holderOf(ctx.state.env, kind, linkSecret(ctx, kind))
  if (kind === 'recover') return askPassword(ctx, holder.profile.email)
  const password = kind === 'verify' && (await hasRivals(ctx.state.env, holder))
  views.link(ctx, { kind, password, fields: {} })
}

function askPassword(ctx: Ctx, email: string, fields: Fields = {}): void {
  const restored = ctx.query['restored'] !== undefined
  const status = Object.keys(fields).length ? 422 : 200
  views.newPassword(ctx, { email, fields, restored }, { status })
}

async function act(ctx: Ctx): Promise<void> {
  const { env, resident } = ctx.state
  const kind = linkKind(ctx)
  const secret = linkSecret(ctx, kind)
  if (kind === 'recover') return setPassword(ctx, secret)
  if (kind === 'verify') return verify(ctx, secret)
  readForm(ctx, nothingSchema)
  if (kind === 'undo_email') {
    keepLink(ctx, 'recover', await undoEmailChange(env, secret))
    dropLink(ctx, kind)
    return to(ctx, '/link/recover?restored=1')
  }
  if (kind === 'not_me') await notMe(env, secret)
  else await confirmEmailChange(env, { secret, keep: resident?.sessionUid })
  dropLink(ctx, kind)
  to(ctx, `/link/${kind}/done`)
}

async function verify(ctx: Ctx, secret: string): Promise<void> {
  try {
    await verifyEmail(ctx.state.env, secret, readForm(ctx, verifySchema).password)
  } catch (error) {
    const fields = fieldsIn(error)
    return void views.link(ctx, { kind: 'verify', password: true, fields }, { status: 422 })
  }
  dropLink(ctx, 'verify')
  to(ctx, '/link/verify/done')
}

async function setPassword(ctx: Ctx, secret: string): Promise<void> {
  const { env } = ctx.state
  try {
    const { new_password } = readForm(ctx, newPasswordSchema)
    const done = await recover(env, { secret, password: new_password })
    noteKnown(ctx, done.mark)
    keepBrowserToken(ctx, await remember(env, done.residentId, browserToken(ctx)))
  } catch (error) {
    const fields = fieldsIn(error)
    return askPassword(ctx, (await holderOf(env, 'recover', secret)).profile.email, fields)
  }
  dropLink(ctx, 'recover')
  to(ctx, '/login?notice=password_changed')
}
