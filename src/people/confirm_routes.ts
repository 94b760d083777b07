import type Router from '@koa/router'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { asking, credentialIn } from './asking.ts'
import { here, onward, putSession, target } from './browser.ts'
import type { Door } from './door.ts'
import { factorsOf } from './factors.ts'
import { codeIn } from './login_routes.ts'
import type { ConfirmPage } from './pages.ts'
import { passkeyShown, requestOptions } from './passkeys.ts'
import { stepUp } from './sessions.ts'
import { isCode } from './sign_in.ts'

const confirm = page<ConfirmPage>('people/confirm')

/** Step-up: a factor is shown again, and one goes back to what needed it (J6). */
export function confirmRoutes(router: Router<State>, door: Door): void {
  const path = `${door.base}/confirm`
  router.get(path, door.guard, (ctx) => show(ctx, door, 'nothing'))

  router.post(path, door.guard, async (ctx) => {
    const right = await isCode(ctx.state.env, door.area, here(ctx).id, codeIn(ctx))
    await (right ? confirmed(ctx, door) : show(ctx, door, 'code'))
  })

  router.post(`${path}/passkey`, door.guard, async (ctx) => {
    const { id, session } = here(ctx)
    const credential = credentialIn(ctx)
    const asked = asking(ctx, door, 'confirm', session)
    const shown = await passkeyShown(ctx.state.env, asked, credential)
    // A passkey of somebody else is no confirmation of this session.
    await (shown === id ? confirmed(ctx, door) : show(ctx, door, 'passkey'))
  })
}

async function confirmed(ctx: Ctx, door: Door): Promise<void> {
  const { id, session } = here(ctx)
  const bearer = await stepUp(ctx.state.env, door.area, { id: session, holderId: id })
  if (bearer === undefined) return to(ctx, `${door.base}/login`)
  putSession(ctx, door, bearer)
  to(ctx, target(ctx, door))
}

async function show(ctx: Ctx, door: Door, wrong: 'nothing' | 'code' | 'passkey'): Promise<void> {
  const { env } = ctx.state
  const { id, session } = here(ctx)
  const { passkeys, hasPassword } = await factorsOf(env, door.area, id)
  const asked = asking(ctx, door, 'confirm', session)
  const query = onward(ctx, door)
  const options = passkeys.length ? await requestOptions(env, asked, passkeys) : undefined
  const data = {
    area: door.area,
    passkey: options === undefined ? undefined : { options, failed: wrong === 'passkey' },
    hasCode: hasPassword,
    wrong: wrong === 'code',
    codeHref: `${door.base}/confirm${query}`,
    passkeyHref: `${door.base}/confirm/passkey${query}`,
  }
  const first = wrong === 'nothing'
  confirm(ctx, data, {
    status: first ? 200 : 401,
    script: true,
    ...(!first && { here: '' as const }),
  })
}
