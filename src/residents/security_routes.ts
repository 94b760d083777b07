import type Router from '@koa/router'
import { browserToken, keepBrowserToken, noteKnown } from '../http/cookies.ts'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import * as residents from './actions.ts'
import { need } from './accounts.ts'
import { selfIn, to } from './browser.ts'
import { changePassword, requestEmailChange } from './credentials.ts'
import { remember } from './devices.ts'
import type { SecurityPage } from './pages.ts'
import { devices } from './queries.ts'
import { changeEmailSchema, changePasswordSchema, endSchema } from './schema.ts'
import { evenly } from './sign_up_routes.ts'

const security = page<SecurityPage>('residents/security')

const PATH = '/account/security'
const DONE = ['password', 'email', 'ended'] as const
/** A session ends 30 minutes after its last use and 12 hours after sign-in (G3); a use is noted once a minute. */
const IDLE = 32 * 60_000
const ABSOLUTE = 12 * 3_600_000

export function securityRoutes(router: Router<State>, guards: Guards): void {
  const only = guards.resident
  router.get(PATH, only, (ctx) => show(ctx))

  router.post(`${PATH}/password`, only, async (ctx) => {
    const { env } = ctx.state
    const self = selfIn(ctx)
    try {
      const typed = readForm(ctx, changePasswordSchema)
      await changePassword(env, self, { current: typed.current_password, next: typed.new_password })
    } catch (error) {
      return show(ctx, fieldsIn(error))
    }
    noteKnown(ctx, await residents.deviceOf(env, self.residentId))
    keepBrowserToken(ctx, await remember(env, self.residentId, browserToken(ctx)))
    to(ctx, `${PATH}?done=password`)
  })

  router.post(`${PATH}/email`, only, async (ctx) => {
    try {
      const { new_email, password } = readForm(ctx, changeEmailSchema)
      const asked = { newEmail: new_email, password }
      await evenly(requestEmailChange(ctx.state.env, selfIn(ctx), asked))
    } catch (error) {
      const typed = ctx.state.body?.['new_email']
      return show(ctx, fieldsIn(error), typeof typed === 'string' ? typed : '')
    }
    to(ctx, `${PATH}?done=email`)
  })

  router.post(`${PATH}/end`, only, async (ctx) => {
    const { env } = ctx.state
    const { residentId, sessionUid } = selfIn(ctx)
    const { session } = readForm(ctx, endSchema)
    if (session === sessionUid) {
      await guards.closeSession(ctx)
      return to(ctx, '/login?notice=signed_out')
    }
    if (session) await residents.endOwnSignIn(env, residentId, session)
    else await residents.endOtherSignIns(env, residentId, sessionUid)
    to(ctx, `${PATH}?done=ended`)
  })
}

async function show(ctx: Ctx, fields: Fields = {}, newEmail = ''): Promise<void> {
  const { env, language } = ctx.state
  const { residentId, sessionUid } = selfIn(ctx)
  const { resident } = await need(env, residentId)
  const now = env.now().getTime()
  const since = { signedIn: new Date(now - ABSOLUTE), seen: new Date(now - IDLE) }
  const { dateTime } = words(language)
  const all = await devices(env.db, residentId, since)
  security(
    ctx,
    {
      email: resident.profile.email,
      done: DONE.find((name) => name === ctx.query['done']),
      fields,
      newEmail,
      devices: all.map((d) => ({
        id: d.sessionUid,
        device: d.device,
        signedIn: dateTime(d.signedInAt),
        seen: dateTime(d.lastSeenAt),
        here: d.sessionUid === sessionUid,
      })),
    },
    { status: Object.keys(fields).length ? 422 : 200 },
  )
}
