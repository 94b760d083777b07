/** Scope names and the `claims` parameter ↔ catalogue items (domain.md, "The item catalogue"). */
import type { Item, ItemId } from '../catalogue/model.ts'

/** The standard scope that stands for three items at once. */
const PROFILE: readonly ItemId[] = ['name', 'birth_year', 'sex']
const BY_SCOPE: Record<string, readonly ItemId[]> = {
  profile: PROFILE,
  name: ['name'],
  birth_year: ['birth_year'],
  sex: ['sex'],
  email: ['email'],
  address: ['address'],
}

export const SCOPES = ['openid', 'offline_access', ...Object.keys(BY_SCOPE)]

/** Items a request asks for, by `scope` and `claims` (OIDC Core §5.4, §5.5); unknown names are ignored. */
export function askedItems(
  params: { scope?: unknown; claims?: unknown },
  items: readonly Item[],
): ItemId[] {
  const asked = new Set<ItemId>(['user_id'])
  for (const scope of scopesIn(params.scope)) BY_SCOPE[scope]?.forEach((item) => asked.add(item))
  for (const claim of claimNames(params.claims)) {
    const item = items.find((entry) => entry.claims.includes(claim))
    if (item) asked.add(item.id)
  }
  return items.filter((item) => asked.has(item.id)).map((item) => item.id)
}

export function scopesIn(scope: unknown): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter(Boolean) : []
}

function claimNames(claims: unknown): string[] {
  if (typeof claims !== 'string') return []
  const parsed = JSON.parse(claims) as { userinfo?: object; id_token?: object }
  return [...Object.keys(parsed.userinfo ?? {}), ...Object.keys(parsed.id_token ?? {})]
}

/** Scopes that a set of items covers: `profile` only where all three of its items are there. */
export function scopesOf(items: readonly ItemId[]): string[] {
  return Object.entries(BY_SCOPE)
    .filter(([, needed]) => needed.every((item) => items.includes(item)))
    .map(([scope]) => scope)
}

/** Scopes a client may ask for: those with at least one item under the ceiling; others are `invalid_scope`. */
export function allowedScopes(ceiling: readonly ItemId[], offlineAccess: boolean): string[] {
  const standard = Object.entries(BY_SCOPE)
    .filter(([, items]) => items.some((item) => ceiling.includes(item)))
    .map(([scope]) => scope)
  return ['openid', ...(offlineAccess ? ['offline_access'] : []), ...standard]
}

/**
 * The request's scope as it is kept with codes and tokens: beside `profile`, which oidc-provider takes as all or
 * nothing, the item scopes it stands for, so that leaving one item out later leaves the others.
 */
export function keptScope(scope: unknown, granted: readonly ItemId[]): string {
  const parts = PROFILE.filter((item) => granted.includes(item))
  const whole = parts.length === PROFILE.length ? ['profile'] : []
  const names = scopesIn(scope).flatMap((name) =>
    name === 'profile' ? [...whole, ...parts] : [name],
  )
  return [...new Set(names)].join(' ')
}

/** A scope as it is told to a service: `profile` where all three items are granted, otherwise those that are. */
export function toldScope(scope: string): string {
  const names = scopesIn(scope)
  const parts: readonly string[] = names.includes('profile') ? PROFILE : []
  return names.filter((name) => !parts.includes(name)).join(' ')
}

/** oidc-provider's `claims` option: which claims each scope may carry. */
export function claimsByScope(items: readonly Item[]): Record<string, string[]> {
  const claims = Object.fromEntries(
    Object.entries(BY_SCOPE).map(([scope, ids]) => [
      scope,
      items.filter((item) => ids.includes(item.id)).flatMap((item) => item.claims),
    ]),
  )
  return { ...claims, openid: ['sub', 'auth_time', 'amr'] }
}
