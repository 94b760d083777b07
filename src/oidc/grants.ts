/** The disposable projection of a consent that oidc-provider calls a Grant: always built afresh, never stored. */
import type { AdapterPayload } from 'oidc-provider'
import type { Item } from '../catalogue/model.ts'
import type { Facts, Released } from '../provisions/model.ts'
import { SCOPES, scopesOf } from './scopes.ts'

/**
 * The Grant of these facts with exactly the items released; everything else is rejected by name. An item whose bound is
 * used up this month keeps its scope, which says what is agreed, and gives no claim.
 */
export function grantPayload(
  id: string,
  facts: Facts,
  released: Released,
  catalogue: readonly Item[],
): AdapterPayload {
  const { standing, service, userId } = facts
  if (!standing || !service || !userId) throw new Error('a grant needs a consent and a service')
  const ids = released.items.map((agreed) => agreed.item)
  const spent = released.spent.map((agreed) => agreed.item)
  const scopes = [
    'openid',
    ...(service.contract.offlineAccess ? ['offline_access'] : []),
    ...scopesOf([...ids, ...spent]),
  ]
  const granted = catalogue.filter((item) => ids.includes(item.id))
  const withheld = catalogue.filter((item) => !ids.includes(item.id))
  return {
    jti: id,
    kind: 'Grant',
    accountId: userId,
    clientId: service.service.clientId,
    iat: Math.floor(facts.at.getTime() / 1000),
    exp: Math.floor(standing.consent.endsAt.getTime() / 1000),
    openid: { scope: scopes.join(' '), claims: granted.flatMap((item) => item.claims) },
    rejected: {
      openid: {
        scope: SCOPES.filter((scope) => !scopes.includes(scope)).join(' '),
        claims: withheld.flatMap((item) => item.claims),
      },
    },
  }
}
