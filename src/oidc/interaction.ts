/** The dispatcher of an OAuth interaction: sign in? ask consent? then back to the provider, which decides again. */
import Router from '@koa/router'
import type { Provider } from 'oidc-provider'
import * as audit from '../audit/actions.ts'
import type { Catalogue } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import { browserToken, keepBrowserToken, knownAs, noteKnown, noteReturn } from '../http/cookies.ts'
import { deviceOf } from '../http/device.ts'
import { readForm } from '../http/forms.ts'
import { clientAddress } from '../http/headers.ts'
import { keepLanguage } from '../http/language.ts'
import type { LoginForm } from '../http/parts.ts'
import type { Ctx, State } from '../http/state.ts'
import { to } from '../http/redirect.ts'
import { page } from '../http/views.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import { loginSchema } from '../residents/schema.ts'
import type { ServiceNow } from '../services/model.ts'
import { consentSteps } from './consent.ts'
import { dropSession, setSessionCookie } from './guards.ts'
import { profileSteps } from './profile.ts'
import { scopesIn } from './scopes.ts'
import { finish, formActionOf, open, serviceIn, type Interaction, type Result } from './step.ts'

const loginPage = page<LoginForm>('interaction/login')

export function routes(_env: Env, provider: () => Provider, catalogue: Catalogue): Router<State> {
  const router = new Router<State>({ prefix: '/interaction/:uid' })
  const consent = consentSteps(catalogue)
  router.get('/', async (ctx) => {
    const details = await open(provider(), ctx)
    if (details.prompt.name === 'consent')
      return unlessClosing(ctx, details, (ctx, details) => afterTerms(ctx, details, consent.show))
    showLogin(ctx, details, await serviceIn(ctx, details), '', false)
  })
  router.post('/', async (ctx) => {
    const details = await open(provider(), ctx)
    if (details.prompt.name === 'consent') return unlessClosing(ctx, details, consent.answer)
    await signIn(provider(), ctx, details)
  })
  router.get('/refuse', async (ctx) => consent.showRefusing(ctx, await open(provider(), ctx)))
  const profile = profileSteps(consent.ask)
  router.get('/profile', async (ctx) => profile.show(ctx, await open(provider(), ctx)))
  router.post('/profile', async (ctx) => profile.save(ctx, await open(provider(), ctx)))
  router.post('/cancel', async (ctx) =>
    finish(ctx, await open(provider(), ctx), { error: 'access_denied' }),
  )
  router.get('/switch', async (ctx) => switchPerson(ctx, await open(provider(), ctx)))
  router.get('/signup', async (ctx) => {
    const details = await open(provider(), ctx)
    noteReturn(ctx, details.uid, details.exp)
    to(ctx, '/signup')
  })
  return router
}

/** An account that closes is asked nothing: its owner is shown where that can be called off (R13). */
async function unlessClosing(
  ctx: Ctx,
  details: Interaction,
  step: (ctx: Ctx, details: Interaction) => Promise<void>,
): Promise<void> {
  const { accountId } = (details.session ?? {}) as { accountId?: string }
  const found = accountId && (await residents.byUserId(ctx.state.env, accountId))
  if (found && found.closesAt) return to(ctx, '/account/close')
  await step(ctx, details)
}

/** New terms of the ID go first, on a page of their own; where they were all that was to be asked, the way goes on. */
async function afterTerms(
  ctx: Ctx,
  details: Interaction,
  step: (ctx: Ctx, details: Interaction) => Promise<void>,
): Promise<void> {
  const { accountId } = (details.session ?? {}) as { accountId?: string }
  const { env } = ctx.state
  const found = accountId === undefined ? undefined : await residents.byUserId(env, accountId)
  const due = found && (await residents.newTerms(env, found.id))
  if (due) {
    if (due.refused && ctx.query['answered'] === 'refused')
      return finish(ctx, details, { error: 'access_denied' })
    noteReturn(ctx, details.uid, details.exp)
    return to(ctx, '/account/terms/new')
  }
  const { reasons } = details.prompt
  if (reasons.length && reasons.every((reason) => reason === 'terms_needed'))
    return finish(ctx, details, {})
  await step(ctx, details)
}

function showLogin(
  ctx: Ctx,
  details: Interaction,
  service: ServiceNow,
  email: string,
  wrong: boolean,
): void {
  const here = `/interaction/${details.uid}`
  const { language } = ctx.state
  const form: LoginForm = {
    service: { name: service.version.names[language], provider: service.member.names[language] },
    email,
    wrong,
    notice: undefined,
    recoverHref: '/recover',
    signupHref: `${here}/signup`,
    resendHref: '/signup/resend',
    cancelHref: `${here}/cancel`,
  }
  loginPage(ctx, form, { status: wrong ? 401 : 200, formAction: formActionOf(service) })
}

async function signIn(provider: Provider, ctx: Ctx, details: Interaction): Promise<void> {
  const { env } = ctx.state
  const service = await serviceIn(ctx, details)
  const { email, password } = loginIn(ctx)
  const found = await residents.authenticate(env, {
    email,
    password,
    address: clientAddress(ctx),
    device: knownAs(ctx),
  })
  if (!found) return showLogin(ctx, details, service, email, true)
  const browser = { token: browserToken(ctx), device: deviceOf(ctx.get('user-agent')) }
  keepBrowserToken(ctx, await residents.meet(env, found, browser))
  noteKnown(ctx, await residents.deviceOf(env, found.id))
  keepLanguage(ctx, found.chosenLanguage)
  await leaveOthersSession(provider, ctx, details, found)
  const login = {
    accountId: found.userId,
    amr: ['pwd'],
    ts: Math.floor(env.now().getTime() / 1000),
  }
  await finish(ctx, details, { login } as Result)
}

/** What /login takes, and like there: a form that cannot be right is one wrong try, said in one sentence (H1). */
function loginIn(ctx: Ctx): { email: string; password: string } {
  try {
    return readForm(ctx, loginSchema)
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
    const email = ctx.state.body?.['email']
    return { email: typeof email === 'string' ? email.slice(0, 320) : '', password: '' }
  }
}

/** Somebody else was signed in with this browser: that session ends, and the interaction goes on without it. */
async function leaveOthersSession(
  provider: Provider,
  ctx: Ctx,
  details: Interaction,
  found: Resident,
): Promise<void> {
  const session = await provider.Session.get(ctx)
  if (!session.accountId || session.accountId === found.userId) return
  await dropSession(provider, ctx)
  setSessionCookie(ctx, null)
  delete (details as { session?: unknown }).session
  await audit.record(ctx.state.env, {
    actor: { kind: 'resident', id: found.id },
    act: 'residents.switched_account',
  })
}

/** Begins the same request anew with a fresh sign-in: 「別のIDを使う」. */
function switchPerson(ctx: Ctx, details: Interaction): void {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(details.params))
    if (typeof value === 'string') params.set(name, value)
  const kept = scopesIn(details.params['prompt']).filter((p) => p === 'consent')
  params.set('prompt', ['login', ...kept].join(' '))
  to(ctx, `/authorize?${params.toString()}`)
}
