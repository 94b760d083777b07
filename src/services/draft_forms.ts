/** Between the forms of `/company/services` and a draft: every field is one text; what it says is judged elsewhere. Pure. */
import type { Fault } from '../input/faults.ts'
import { readJwks } from '../input/jwk.ts'
import type { Fields } from '../refusal.ts'
import { CLAUSES } from './clauses.ts'
import type { Part, PartialDraft } from './draft_schema.ts'

/** What a browser sent, or what a form shows. */
export type Typed = Record<string, string | string[] | undefined>

const one = (typed: Typed, name: string) => {
  const value = typed[name]
  return (typeof value === 'string' ? value : (value?.[0] ?? '')).trim()
}
const many = (typed: Typed, name: string): string[] => [typed[name] ?? []].flat()
const lines = (typed: Typed, name: string) =>
  one(typed, name)
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean)

/** Without what is empty: an empty field says nothing. */
function filled(entries: Record<string, unknown>): Record<string, unknown> | undefined {
  const said = Object.entries(entries).filter(
    ([, value]) => value !== '' && value !== undefined && !(Array.isArray(value) && !value.length),
  )
  return said.length ? Object.fromEntries(said) : undefined
}

const both = (typed: Typed, name: string) =>
  filled({ ja: one(typed, `${name}_ja`), en: one(typed, `${name}_en`) })

export const NAME_LANGUAGES = ['ja', 'kana', 'en', 'zhHans', 'zhHant', 'ko'] as const

const aboutOf = (typed: Typed) => ({
  contract: one(typed, 'contract'),
  names: filled(
    Object.fromEntries(
      NAME_LANGUAGES.map((language) => [language, one(typed, `name_${language}`)]),
    ),
  ),
  descriptions: both(typed, 'description'),
  contact: filled({
    desk: both(typed, 'desk'),
    phone: one(typed, 'phone').normalize('NFKC'),
    email: one(typed, 'email').normalize('NFKC').toLowerCase(),
  }),
  retention: both(typed, 'retention'),
})

const connectionOf = (typed: Typed) => {
  const jwks = one(typed, 'jwks')
  const read = jwks ? readJwks(jwks) : undefined
  return {
    client: {
      ...filled({
        applicationType: one(typed, 'application_type'),
        authMethod: one(typed, 'auth_method'),
        secretReason: one(typed, 'secret_reason'),
        jwks: typeof read === 'string' ? undefined : read,
        redirectUris: lines(typed, 'redirect_uris'),
        idTokenAlg: one(typed, 'id_token_alg'),
        backchannelLogoutUri: one(typed, 'backchannel_logout_uri'),
        eventsUri: one(typed, 'events_uri'),
      }),
      postLogoutRedirectUris: lines(typed, 'post_logout_redirect_uris'),
      landingOrigins: lines(typed, 'landing_origins'),
    },
  }
}

const papersOf = (typed: Typed) => ({
  termsUrl: one(typed, 'terms_url'),
  termsVersion: one(typed, 'terms_version'),
  termsSha256: one(typed, 'terms_sha256').toLowerCase(),
  policyUrl: one(typed, 'policy_url'),
  policyVersion: one(typed, 'policy_version'),
  policySha256: one(typed, 'policy_sha256').toLowerCase(),
  clauses: filled(
    Object.fromEntries(CLAUSES.map((clause) => [clause, one(typed, `clause_${clause}`)])),
  ),
})

/** The user ID is always asked for and always required: no form can leave it out. */
const itemsOf = (typed: Typed, ids: readonly string[]) => ({
  items: ids
    .filter((id) => id === 'user_id' || one(typed, `item_${id}`) === 'on')
    .map((id) => ({
      item: id,
      purposes: many(typed, `purpose_${id}`),
      required: id === 'user_id' || one(typed, `need_${id}`) === 'required',
      ...filled({
        reasons: both(typed, `reason_${id}`),
        effects: both(typed, `effect_${id}`),
        retention: both(typed, `keep_${id}`),
      }),
    })),
})

/** What a form says of one part. `items`: ids of the catalogue, in its order. */
export function givenOf(part: Part, typed: Typed, items: readonly string[]): Partial<PartialDraft> {
  const given = {
    about: aboutOf,
    connection: connectionOf,
    papers: papersOf,
    items: (typed: Typed) => itemsOf(typed, items),
  }[part](typed)
  return (filled(given) ?? {}) as Partial<PartialDraft>
}

/** What is wrong with a form before it says anything: keys that cannot be read. */
export function typedFaults(part: Part, typed: Typed): Fields {
  const jwks = part === 'connection' ? one(typed, 'jwks') : ''
  const read = jwks ? readJwks(jwks) : undefined
  return typeof read === 'string' ? { jwks: read } : {}
}

type Loose = { [key: string]: unknown } | undefined
const at = (value: unknown, key: string): string => {
  const found = (value as Loose)?.[key]
  return typeof found === 'string' ? found : ''
}
const bothTyped = (name: string, value: unknown): Typed => ({
  [`${name}_ja`]: at(value, 'ja'),
  [`${name}_en`]: at(value, 'en'),
})

/** What the forms of all parts show of a draft. */
export function typedOf(asked: PartialDraft): Typed {
  const { names, descriptions, contact, retention, client, clauses, items = [] } = asked
  const uris = (list: readonly string[] | undefined) => list?.join('\n') ?? ''
  const typed: Typed = {
    contract: asked.contract ?? '',
    ...bothTyped('description', descriptions),
    ...bothTyped('desk', contact?.desk),
    phone: at(contact, 'phone'),
    email: at(contact, 'email'),
    ...bothTyped('retention', retention),
    terms_url: asked.termsUrl ?? '',
    terms_version: asked.termsVersion ?? '',
    terms_sha256: asked.termsSha256 ?? '',
    policy_url: asked.policyUrl ?? '',
    policy_version: asked.policyVersion ?? '',
    policy_sha256: asked.policySha256 ?? '',
    application_type: client?.applicationType ?? 'web',
    auth_method: client?.authMethod ?? 'private_key_jwt',
    secret_reason: client?.secretReason ?? '',
    jwks: client?.jwks ? JSON.stringify(client.jwks, null, 2) : '',
    redirect_uris: uris(client?.redirectUris),
    post_logout_redirect_uris: uris(client?.postLogoutRedirectUris),
    landing_origins: uris(client?.landingOrigins),
    id_token_alg: client?.idTokenAlg ?? 'ES256',
    backchannel_logout_uri: client?.backchannelLogoutUri ?? '',
    events_uri: client?.eventsUri ?? '',
  }
  for (const language of NAME_LANGUAGES) typed[`name_${language}`] = at(names, language)
  for (const clause of CLAUSES) typed[`clause_${clause}`] = at(clauses, clause)
  for (const item of items)
    Object.assign(typed, {
      [`item_${item.item}`]: 'on',
      [`need_${item.item}`]: item.required ? 'required' : 'optional',
      [`purpose_${item.item}`]: item.purposes,
      ...bothTyped(`reason_${item.item}`, item.reasons),
      ...bothTyped(`effect_${item.item}`, item.effects),
      ...bothTyped(`keep_${item.item}`, item.retention),
    })
  return typed
}

const CLIENT: Record<string, string> = {
  applicationType: 'application_type',
  authMethod: 'auth_method',
  secretReason: 'secret_reason',
  jwks: 'jwks',
  redirectUris: 'redirect_uris',
  postLogoutRedirectUris: 'post_logout_redirect_uris',
  landingOrigins: 'landing_origins',
  idTokenAlg: 'id_token_alg',
  backchannelLogoutUri: 'backchannel_logout_uri',
  eventsUri: 'events_uri',
}
const ITEM: Record<string, string> = { reasons: 'reason', effects: 'effect', retention: 'keep' }

/** Where a fault of a draft stands: the tab, the form field, and the line of a field of several. */
type Place = { part: Part; field: string; line?: number }

function placeOf(path: string, asked: Pick<PartialDraft, 'items'>): Place {
  const [, first = '', second = '', third = '', fourth = ''] = path.split('/')
  if (first === 'client') {
    const field = CLIENT[second] ?? 'redirect_uris'
    const line = /^\d+$/.test(third) ? Number(third) + 1 : undefined
    return { part: 'connection', field, ...(line && { line }) }
  }
  if (first === 'items') {
    const id = asked.items?.[Number(second)]?.item
    if (!id) return { part: 'items', field: 'item_user_id' }
    const named = third === 'purposes' ? 'purpose' : ITEM[third]
    if (!named) return { part: 'items', field: `item_${id}` }
    const language = named === 'purpose' ? '' : `_${fourth || 'ja'}`
    return { part: 'items', field: `${named}_${id}${language}` }
  }
  if (first === 'clauses') return { part: 'papers', field: `clause_${second || CLAUSES[0]}` }
  const paper = /^(terms|policy)(Url|Version|Sha256)$/.exec(first)
  if (paper) return { part: 'papers', field: `${paper[1]}_${String(paper[2]).toLowerCase()}` }
  return { part: 'about', field: aboutField(first, second, third) }
}

function aboutField(first: string, second: string, third: string): string {
  if (first === 'names') return `name_${second || 'ja'}`
  if (first === 'descriptions') return `description_${second || 'ja'}`
  if (first === 'retention') return `retention_${second || 'ja'}`
  if (first === 'contact')
    return second === 'phone' || second === 'email' ? second : `desk_${third || 'ja'}`
  return first
}

export type Found = Place & { rule: string }

/** Faults as the pages show them, one per field. */
export function found(faults: readonly Fault[], asked: Pick<PartialDraft, 'items'>): Found[] {
  const all = new Map<string, Found>()
  for (const { path, rule } of faults) {
    const place = placeOf(path, asked)
    if (!all.has(place.field)) all.set(place.field, { ...place, rule })
  }
  return [...all.values()]
}
