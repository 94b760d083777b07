import type Router from '@koa/router'
import { csrfToken, fieldsIn, readForm } from '../http/forms.ts'
import { deviceOf } from '../http/device.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, Middleware, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { asking, credentialIn, enrolCeremony, seedShown } from './asking.ts'
import { enter, keep, kept, SECRET } from './browser.ts'
import type { Door } from './door.ts'
import {
  acceptWithPasskey,
  acceptWithPassword,
  invitationOf,
  type Invitation,
} from './invitations.ts'
import type { InvitationExpiredPage, InvitationPage } from './pages.ts'
import { passkeyMade } from './passkeys.ts'
import { newPasswordSchema } from './schema.ts'

const views = {
  invitation: page<InvitationPage>('people/invitation'),
  expired: page<InvitationExpiredPage>('people/invitation_expired'),
}

/** The link of an invitation: its secret leaves the address at once, the page acts by buttons (I5, H19). */
export function invitationRoutes(router: Router<State>, door: Door): void {
  const path = `${door.base}/invitation`
  const expired = expiredPage(door)
  router.get(path, expired, async (ctx) => show(ctx, door, await opened(ctx, door)))
  router.post(`${path}/passkey`, expired, (ctx) => withPasskey(ctx, door))
  router.post(`${path}/password`, expired, (ctx) => withPassword(ctx, door))
  router.get(`${path}/:secret`, (ctx) => {
    const secret = String(ctx['params']['secret'])
    if (SECRET.test(secret)) keep(ctx, door, 'invitation', secret)
    to(ctx, path)
  })
}

/** A link that no longer works has a page that says what to do. */
const expiredPage =
  (door: Door): Middleware =>
  async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      if (!(error instanceof Refusal && error.reason === 'link_expired')) throw error
      keep(ctx, door, 'invitation', null)
      views.expired(ctx, { area: door.area, loginHref: `${door.base}/login` }, { status: 410 })
    }
  }

/** @throws Refusal link_expired, also for who may no longer come in */
async function opened(ctx: Ctx, door: Door): Promise<Invitation> {
  const { env } = ctx.state
  const secret = kept(ctx, door, 'invitation')
  if (!secret) throw new Refusal('link_expired')
  const invitation = await invitationOf(env, door.area, secret)
  if (!(await door.isInOffice(env, invitation.holder.id))) throw new Refusal('link_expired')
  return invitation
}

async function withPasskey(ctx: Ctx, door: Door): Promise<void> {
  const invitation = await opened(ctx, door)
  const asked = asking(ctx, door, 'enrol', invitation.id)
  const made = await passkeyMade(ctx.state.env, asked, credentialIn(ctx))
  if (!made) return show(ctx, door, invitation, { credential: 'passkey_failed' })
  try {
    const device = deviceOf(ctx.get('user-agent'))
    await acceptWithPasskey(ctx.state.env, invitation, made, device)
  } catch (error) {
    return show(ctx, door, invitation, fieldsIn(error))
  }
  await begin(ctx, door, invitation)
}

async function withPassword(ctx: Ctx, door: Door): Promise<void> {
  const invitation = await opened(ctx, door)
  try {
    const typed = readForm(ctx, newPasswordSchema)
    const whole = { ...typed, browser: csrfToken(ctx) }
    await acceptWithPassword(ctx.state.env, invitation, whole)
  } catch (error) {
    return show(ctx, door, invitation, fieldsIn(error))
  }
  await begin(ctx, door, invitation)
}

/** Both factors were shown just now. */
async function begin(ctx: Ctx, door: Door, { holder }: Invitation): Promise<void> {
  keep(ctx, door, 'invitation', null)
  await enter(ctx, door, holder.id)
  to(ctx, door.base)
}

async function show(
  ctx: Ctx,
  door: Door,
  { id, holder }: Invitation,
  fields: Fields = {},
): Promise<void> {
  const failed = fields['credential'] !== undefined
  const passkey = await enrolCeremony(ctx, door, { holder, about: id, failed })
  const { name, email } = holder
  const seed = seedShown(ctx, door, holder)
  const status = Object.keys(fields).length ? 422 : 200
  const data = { area: door.area, name, email, passkey, seed, fields }
  views.invitation(ctx, data, {
    status,
    script: true,
    ...(status !== 200 && { here: '' as const }),
  })
}
