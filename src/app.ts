/** The map: every middleware and room in order. */
import { randomUUID } from 'node:crypto'
import Router from '@koa/router'
import Koa from 'koa'
import mount from 'koa-mount'
import type { Provider } from 'oidc-provider'
import * as catalogues from './catalogue/actions.ts'
import type { Env } from './env.ts'
import { errors } from './http/errors.ts'
import { unsafe } from './http/forms.ts'
import type { Guards } from './http/guards.ts'
import { headers, isApi, origin } from './http/headers.ts'
import { language } from './http/language.ts'
import type { Middleware, State } from './http/state.ts'
import { assets } from './http/views.ts'
import { Refusal } from './refusal.ts'
import { health } from './http/health.ts'
import * as apiClients from './api/client_routes.ts'
import * as api from './api/routes.ts'
import type { OpenRequests } from './closing/actions.ts'
import * as closing from './closing/routes.ts'
import { askedAgain } from './consents/actions.ts'
import * as consentPreview from './consents/preview_routes.ts'
import * as consents from './consents/routes.ts'
import * as contracts from './contracts/routes.ts'
import { shownSite } from './contracts/shown_site.ts'
import * as demo from './demo/routes.ts'
import * as desk from './desk/routes.ts'
import * as duties from './duties/routes.ts'
import * as events from './events/routes.ts'
import { toldOf } from './events/told.ts'
import * as history from './history/routes.ts'
import * as memberList from './members/actions.ts'
import * as incidents from './incidents/routes.ts'
import * as ledger from './ledger/routes.ts'
import * as members from './members/routes.ts'
import { staffGuard, STAFF_COOKIE } from './members/guards.ts'
import { makeGuards } from './oidc/guards.ts'
import * as interaction from './oidc/interaction.ts'
import { floodGuard, readAhead, transaction } from './oidc/doors.ts'
import { cookieKeys, createProvider } from './oidc/provider.ts'
import { known } from './oidc/request.ts'
import * as notices from './notices/routes.ts'
import * as operators from './operators/actions.ts'
import * as operatorPages from './operators/routes.ts'
import { confirmedGuard, OPERATOR_COOKIE, operatorGuard } from './operators/guards.ts'
import * as people from './people/routes.ts'
import * as policies from './policies/routes.ts'
import * as receipts from './receipts/routes.ts'
import * as records from './records/routes.ts'
import * as residents from './residents/routes.ts'
import * as retention from './retention/routes.ts'
import { casesOf as rightsOf } from './rights/actions.ts'
import * as rights from './rights/routes.ts'
import * as serviceList from './services/actions.ts'
import { collects } from './services/model.ts'
import * as services from './services/routes.ts'
import * as welcome from './welcome/routes.ts'

/** The provider's own addresses: it reads their bodies itself and guards them by the protocol. */
const PROVIDER = /^\/(authorize|token|userinfo|jwks|request|session\/end|\.well-known)(\/|$)/

/**
 * The library also answers `/UserInfo` and `/userinfo/`; what stands before its doors goes by the exact address.
 * Any other spelling is no address of ours.
 */
const exactly: Middleware = (ctx, next) => {
  const plain = decoded(ctx.path).toLowerCase().replace(/\/+$/, '')
  if (PROVIDER.test(plain) && (!PROVIDER.test(ctx.path) || ctx.path.endsWith('/')))
    throw new Refusal('not_found')
  return next()
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** Builds the web application. `rooms` are its routers, for tests that walk every route. */
export async function createApp(
  env: Env,
  draining: () => boolean = () => false,
): Promise<{ app: Koa<State>; provider: Provider; rooms: readonly Router<State>[] }> {
  const keys = cookieKeys(env)
  const catalogue = await catalogues.catalogue(env)
  const provider = createProvider(env, catalogue.items, keys)
  const guards: Guards = {
    ...makeGuards(() => provider),
    operator: operatorGuard,
    staff: staffGuard,
    confirmed: confirmedGuard,
  }
  const doors: people.Door[] = [
    {
      area: 'operator',
      base: '/admin',
      cookie: OPERATOR_COOKIE,
      isInOffice: async (env, id) => (await operators.inOffice(env, id)) !== undefined,
      guard: guards.operator(),
    },
    {
      area: 'staff',
      base: '/company',
      cookie: STAFF_COOKIE,
      isInOffice: async (env, id) => (await memberList.staffWhoMayRead(env, id)) !== undefined,
      guard: guards.staff(),
    },
  ]
  const app = new Koa<State>({ proxy: true })
  app.keys = keys
  app.silent = true

  const apiDoors = api.routes(env, guards)
  const rooms: Router<State>[] = [
    welcome.routes(env, guards),
    residents.routes(env, guards, anyCollects),
    consents.routes(guards, catalogue, toldOf),
    receipts.routes(env, guards),
    history.routes(guards, catalogue),
    closing.routes(guards, rightsInHand),
    notices.routes(guards),
    members.routes(env, guards),
    contracts.routes(env, guards),
    services.routes(env, guards, askedAgain),
    consentPreview.routes(env, guards, catalogue),
    people.routes(env, guards.confirmed, doors),
    operatorPages.routes(guards),
    policies.routes(env, guards),
    duties.routes(env, guards),
    records.routes(env, guards),
    incidents.routes(env, guards),
    ledger.routes(env, guards),
    retention.routes(guards),
    rights.routes(guards),
    events.routes(guards),
    apiDoors,
    apiClients.clientRoutes(env, guards),
    desk.routes(guards),
    demo.routes(env, guards),
    interaction.routes(env, () => provider, catalogue),
  ]

  app.use(begin(env))
  app.use(known)
  app.use(headers(env.config))
  app.use(errors)
  app.use(origin(env.config))
  app.use(health(env, draining))
  app.use(exactly)
  app.use(assets)
  app.use(metadata)
  app.use(ours(language))
  app.use(ours(shownSite()))
  app.use(ours(exceptApi(unsafe)))
  app.use(api.doorsOnly(apiDoors))
  for (const room of rooms) app.use(room.routes())
  app.use(readAhead)
  app.use(floodGuard())
  app.use(transaction)
  app.use(mount('/', provider as unknown as Koa))
  return { app, provider, rooms }
}

/** Requests of a resident whose answer is owed: closing the account does not end them (R13). */
const rightsInHand: OpenRequests = async (env, residentId) =>
  (await rightsOf(env, residentId)).filter(({ endedAt }) => endedAt === null)

/** Whether consent to collection is asked at all (S-08). */
async function anyCollects(env: Env): Promise<boolean> {
  const at = env.now()
  return (await serviceList.list(env)).some((service) => collects(service, at))
}

function begin(env: Env): Middleware {
  return async (ctx, next) => {
    ctx.state.env = env
    ctx.state.begunAt = env.now()
    ctx.state.reference = randomUUID().slice(0, 8)
    ctx.state.language = 'ja'
    await next()
  }
}

/** Applies to everything but the provider's own addresses (deny by default: a new page is covered). */
function ours(middleware: Middleware): Middleware {
  return (ctx, next) => {
    if (!PROVIDER.test(ctx.path)) return middleware(ctx, next)
    if (ctx.path === '/authorize' || ctx.path.startsWith('/session/end'))
      return languageOnly(ctx, next)
    return next()
  }
}

/** The API has bodies of its own kind, and tokens instead of cookies: no form, no CSRF token. */
function exceptApi(middleware: Middleware): Middleware {
  return (ctx, next) => (isApi(ctx.path) ? next() : middleware(ctx, next))
}

/** The provider's pages for people are shown in their language too, but keep their parameters. */
const languageOnly: Middleware = async (ctx, next) => {
  ctx.state.language = ctx.acceptsLanguages(['ja', 'en']) === 'en' ? 'en' : 'ja'
  await next()
}

/**
 * Discovery and keys may be kept for five minutes: that defines how long a rotation waits (D8, T10).
 * The metadata names only the response mode that every service may use.
 */
const metadata: Middleware = async (ctx, next) => {
  await next()
  if (ctx.status !== 200 || !(ctx.path === '/jwks' || ctx.path.startsWith('/.well-known/'))) return
  ctx.set('Cache-Control', 'public, max-age=300')
  const body = ctx.body as { response_modes_supported?: string[] } | undefined
  if (body?.response_modes_supported) body.response_modes_supported = ['query']
}
