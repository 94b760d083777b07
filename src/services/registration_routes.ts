/** The public side of services: the registration of each, statements signed, and questions answered signed (I-11, S-18). */
import type { Router } from '@koa/router'
import { catalogue } from '../catalogue/actions.ts'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import { publicJson, readableByAll } from '../http/public.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { isClientId } from '../input/ids.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as services from './actions.ts'
import { publicState } from './model.ts'
import { registrationJson, registrationPage, type RegistrationPage } from './registration.ts'
import * as queries from './registration_queries.ts'
import { checkUse, LASTS, statement, type Use } from './statements.ts'

const show = page<RegistrationPage>('services/registration')

export function registrationRoutes(router: Router<State>, env: Env, guards: Guards): void {
  router.get('/services.json', async (ctx: Ctx) => {
    const at = env.now()
    const [all, lives] = [await services.list(env), await queries.lives(env.db)]
    const { installation, issuer } = env.config
    const shown = all.flatMap((now) => {
      const life = lives.get(now.service.id)
      return life && publicState(now, at)
        ? [registrationJson(now, { life, at, installation, issuer })]
        : []
    })
    publicJson(ctx, { asOf: at.toISOString(), services: shown }, shown)
  })

  router.get('/services/:id', guards.anyone, async (ctx: Ctx) => {
    const { now, life } = await registered(env, String(ctx['params'].id))
    const { language } = ctx.state
    show(
      ctx,
      registrationPage(now, {
        life,
        versions: await queries.versions(env.db, now.service.id),
        catalogue: await catalogue(env),
        installation: env.config.installation,
        language,
        at: env.now(),
      }),
    )
  })

  router.get('/services/:id/statements/:purpose', async (ctx: Ctx) => {
    readableByAll(ctx)
    const { id, purpose } = ctx['params'] as { id: string; purpose: string }
    const { now } = await registered(env, id)
    const signed = await statement(env, now, purpose, await catalogue(env))
    if (!signed) throw new Refusal('not_found')
    answer(ctx, { statement: signed }, LASTS.statement / 2)
  })

  router.get('/members/check-intended-use', async (ctx: Ctx) => {
    readableByAll(ctx)
    const use = useIn(ctx)
    const found = await checkUse(env, await services.byClientId(env, use.clientId), use)
    answer(ctx, { ...asJson(use), ...found }, 0)
  })
}

/** When each service was registered, by its id. */
export async function registeredOn(env: Env): Promise<Map<string, Date>> {
  const lives = await queries.lives(env.db)
  return new Map([...lives].map(([id, life]) => [id, life.registeredAt]))
}

const asJson = ({ clientId, item, purpose }: Use) => ({ client_id: clientId, item, purpose })

/** @throws Refusal not_found where nothing of the kind is registered */
async function registered(env: Env, id: string) {
  const now = await services.byId(env, id)
  const life = now && publicState(now, env.now()) && (await queries.lives(env.db)).get(id)
  if (!now || !life) throw new Refusal('not_found')
  return { now, life }
}

/** JSON, or the compact JWS alone where `application/jose` is asked for (RFC 7515 §9.2.1). */
function answer(ctx: Ctx, body: { statement: string }, seconds: number): void {
  ctx.set('Cache-Control', seconds ? `public, max-age=${seconds}` : 'no-store')
  ctx.vary('Accept')
  ctx.status = 200
  ctx.body = body
  if (ctx.accepts(['application/json', 'application/jose']) !== 'application/jose') return
  ctx.body = body.statement
  ctx.type = 'application/jose'
}

const NAMES = { client_id: isClientId, item: isName, purpose: isName } as const

/** What ids of the catalogue look like. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z][a-z0-9_.]{0,79}$/.test(value)
}

/** @throws Refusal invalid_input naming each parameter that is missing, repeated, no id, or not known here */
function useIn(ctx: Ctx): Use {
  const fields: Fields = {}
  for (const name of Object.keys(ctx.query))
    if (!Object.hasOwn(NAMES, name)) fields[name] = 'unknown_field'
  for (const [name, fits] of Object.entries(NAMES)) {
    const value = ctx.query[name]
    if (value === undefined) fields[name] = 'required'
    else if (!fits(value)) fields[name] = 'not_valid'
  }
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  const { client_id, item, purpose } = ctx.query as Record<keyof typeof NAMES, string>
  return { clientId: client_id, item, purpose }
}
