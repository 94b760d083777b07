/** `/company/services/:id/keys`: with a fresh second factor, and a secret shown in the answer to its making alone (J6, C1). */
import type { Router } from '@koa/router'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import * as keys from './keys.ts'
import type { Service } from './model.ts'
import { headFor, own, staffOf } from './staff_doors.ts'
import { hrefOf, type Head } from './staff_pages.ts'
import { keysSchema } from './staff_schema.ts'

/** views/services/staff_keys.eta */
export type KeysPage = {
  head: Head
  /** Undefined until the service was approved. */
  method: Service['authMethod'] | undefined
  keys: keys.ShownKey[]
  /** When the secret in force was issued; undefined where none was. */
  issuedAt: string | undefined
  manager: boolean
  typed: string
  fields: Record<string, string>
  saved: boolean
}
/** views/services/staff_secret.eta */
export type SecretPage = { head: Head; clientId: string; secret: string; back: string }

const views = {
  keys: page<KeysPage>('services/staff_keys'),
  secret: page<SecretPage>('services/staff_secret'),
}
const PATH = '/company/services/:id/keys'

export function keyRoutes(router: Router<State>, guards: Guards): void {
  const manager = guards.staff('manager')
  router.get(PATH, guards.staff(), async (ctx) => show(ctx))
  router.post(PATH, manager, guards.confirmed, async (ctx) => replace(ctx))
  router.post(`${PATH}/secret`, manager, guards.confirmed, async (ctx) => {
    const mine = await own(ctx)
    readForm(ctx, nothingSchema)
    const made = await keys.issueSecret(ctx.state.env, mine.serviceId, staffOf(ctx))
    const head = await headFor(ctx, mine, 'keys')
    views.secret(ctx, { head, ...made, back: hrefOf(mine.serviceId, 'keys') }, { here: '' })
  })
}

async function show(ctx: Ctx, again?: Pick<KeysPage, 'typed' | 'fields'>): Promise<void> {
  const { env, language } = ctx.state
  const mine = await own(ctx)
  const { memberId, role } = staffOf(ctx)
  const client = mine.now && (await keys.clientOf(env, mine.serviceId, memberId))
  const page: KeysPage = {
    head: await headFor(ctx, mine, 'keys'),
    method: client?.authMethod,
    keys: await keys.shownKeys(client?.jwks ?? null),
    issuedAt: client?.secretIssuedAt ? words(language).dateTime(client.secretIssuedAt) : undefined,
    manager: role === 'manager',
    typed: again?.typed ?? (client?.jwks ? JSON.stringify(client.jwks, null, 2) : ''),
    fields: again?.fields ?? {},
    saved: ctx.query['saved'] === '1',
  }
  views.keys(ctx, page, { status: again ? 422 : 200 })
}

async function replace(ctx: Ctx): Promise<void> {
  const { serviceId } = await own(ctx)
  const { jwks } = readForm(ctx, keysSchema)
  try {
    await keys.replaceKeys(ctx.state.env, { serviceId, jwks }, staffOf(ctx))
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
    return show(ctx, { typed: jwks, fields: error.details.fields ?? {} })
  }
  to(ctx, `${hrefOf(serviceId, 'keys')}?saved=1`)
}
