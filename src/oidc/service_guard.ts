/** Services at /api/v1 for themselves: a token of their own, while they stand (D5, E2, S-51). */
import type { Provider } from 'oidc-provider'
import type { Middleware } from '../http/state.ts'
import type { ServiceScope } from '../persons.ts'
import { standing } from '../services/model.ts'
import { decline, ownToken } from './company_guard.ts'
import { serviceOf } from './request.ts'

/** The guard of `scope`: a service that may sign people in at this moment; a suspended or ended one is nobody. */
export function serviceGuard(provider: () => Provider) {
  return (scope: ServiceScope): Middleware => {
    return async (ctx, next) => {
      const token = await ownToken(provider(), ctx)
      const { env } = ctx.state
      const now = token && (await serviceOf(env, token.clientId))
      if (!token || !now || standing(now, env.now()) !== 'ok')
        return decline(ctx, 'token_invalid', 'invalid_token')
      if (!token.scopes.includes(scope))
        return decline(ctx, 'scope_missing', 'insufficient_scope', scope)
      ctx.state.service = { serviceId: now.service.id, memberId: now.member.id }
      await next()
    }
  }
}
