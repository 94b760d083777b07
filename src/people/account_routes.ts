import type Router from '@koa/router'
import { csrfToken, fieldsIn, readForm } from '../http/forms.ts'
import { deviceOf } from '../http/device.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, Middleware, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import { asking, credentialIn, enrolCeremony, seedShown } from './asking.ts'
import { here } from './browser.ts'
import type { Door } from './door.ts'
import {
  addPasskey,
  factorsOf,
  removePasskey,
  removePassword,
  setPassword,
  type Own,
} from './factors.ts'
import { CONFIRMED_SECONDS } from './model.ts'
import type { AccountPage } from './pages.ts'
import { passkeyMade } from './passkeys.ts'
import { newPasswordSchema, whichSchema } from './schema.ts'
import * as sessions from './sessions.ts'

const account = page<AccountPage>('people/account')
const DONE = ['added', 'removed', 'password', 'ended'] as const

/** One's own account: what one signs in with, and where one is signed in. Changes need a fresh factor (H16). */
export function accountRoutes(router: Router<State>, door: Door, fresh: Middleware): void {
  const path = `${door.base}/account`
  const at = (deed: string) => `${path}/${deed}`
  router.get(path, door.guard, (ctx) => show(ctx, door))

  const act = (name: string, done: (typeof DONE)[number], deed: (ctx: Ctx) => Promise<Fields>) =>
    router.post(at(name), door.guard, fresh, async (ctx) => {
      const fields = await deed(ctx)
      if (Object.keys(fields).length) await show(ctx, door, fields)
      else to(ctx, `${path}?done=${done}`)
    })

  act('passkey', 'added', (ctx) => add(ctx, door))
  act('passkey/remove', 'removed', (ctx) =>
    tried(() => removePasskey(ctx.state.env, own(ctx, door), readForm(ctx, whichSchema).id)),
  )
  act('password', 'password', (ctx) =>
    tried(() => {
      const typed = { ...readForm(ctx, newPasswordSchema), browser: csrfToken(ctx) }
      return setPassword(ctx.state.env, own(ctx, door), typed)
    }),
  )
  act('password/remove', 'removed', (ctx) =>
    tried(() => {
      readForm(ctx, nothingSchema)
      return removePassword(ctx.state.env, own(ctx, door))
    }),
  )
  router.post(at('sessions/end'), door.guard, async (ctx) => {
    readForm(ctx, nothingSchema)
    const { id, session } = here(ctx)
    await sessions.endSessions(ctx.state.env, door.area, [id], session)
    to(ctx, `${path}?done=ended`)
  })
}

async function tried(deed: () => Promise<void>): Promise<Fields> {
  try {
    await deed()
    return {}
  } catch (error) {
    return fieldsIn(error)
  }
}

async function add(ctx: Ctx, door: Door): Promise<Fields> {
  const { env } = ctx.state
  const whose = own(ctx, door)
  const made = await passkeyMade(env, asking(ctx, door, 'enrol', whose.holderId), credentialIn(ctx))
  if (!made) return { credential: 'passkey_failed' }
  return tried(() => addPasskey(env, whose, made, deviceOf(ctx.get('user-agent'))))
}

function own(ctx: Ctx, { area }: Door): Own {
  const { id, session } = here(ctx)
  return { area, holderId: id, session, language: ctx.state.language }
}

async function show(ctx: Ctx, door: Door, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const { area, base } = door
  const { id, session, confirmedAt } = here(ctx)
  const { holder, passkeys, hasPassword } = await factorsOf(env, area, id)
  const { dateTime } = words(language)
  const open = await sessions.sessionsOf(env, area, id)
  const failed = fields['credential'] !== undefined
  const data: AccountPage = {
    area,
    base,
    name: holder.name,
    email: holder.email,
    done: DONE.find((name) => name === ctx.query['done']),
    fresh: env.now().getTime() - confirmedAt.getTime() < CONFIRMED_SECONDS * 1000,
    confirmHref: `${base}/confirm?to=${encodeURIComponent(`${base}/account`)}`,
    passkeys: passkeys.map((one) => ({
      id: one.id,
      name: one.name,
      added: dateTime(one.createdAt),
      used: one.usedAt ? dateTime(one.usedAt) : undefined,
    })),
    hasPassword,
    passkey: await enrolCeremony(ctx, door, { holder, about: id, failed }),
    seed: seedShown(ctx, door, holder),
    sessions: open.map((one) => ({
      id: one.id.slice(0, 8),
      device: one.device,
      opened: dateTime(one.openedAt),
      seen: dateTime(one.seenAt),
      here: one.id === session,
    })),
    fields,
  }
  const first = !Object.keys(fields).length
  account(ctx, data, {
    status: first ? 200 : 422,
    script: true,
    ...(!first && { here: '' as const }),
  })
}
