/** The rules an onboarding file must keep beyond its shape, each by a name the reader can look up. */
import type { Catalogue } from '../catalogue/model.ts'
import type { TermsRule } from '../contracts/actions.ts'
import type { ContractAsked } from '../contracts/schema.ts'
import type { Fault } from '../input/faults.ts'
import { isUsableKey } from '../input/jwk.ts'
import { officialNames as namesOf } from '../input/lookalikes.ts'
import { skeleton } from '../input/spelling.ts'
import type { Installation } from '../installation.ts'
import {
  hostsOf,
  landingFault,
  receiverFault,
  redirectFault,
  type RedirectRule,
} from './redirects.ts'
import type { ServiceAsked } from './schema.ts'

export type ServiceRule =
  | RedirectRule
  | TermsRule
  | 'key_or_client_id'
  | 'contract_unknown'
  | 'native_needs_none'
  | 'web_needs_authentication'
  | 'jwks_needed'
  | 'jwks_not_wanted'
  | 'secret_not_wanted'
  | 'key_not_usable'
  | 'key_twice'
  | 'pairwise_several_hosts'
  | 'item_twice'
  | 'item_over_ceiling'
  | 'user_id_required'
  | 'name_official'

export type RuleTerms = {
  catalogue: Catalogue
  installation: Installation
  /** Whether http on loopback is accepted: demo mode only (A3). */
  loopback: boolean
}

type Found = Fault<ServiceRule>[]

export type ContractTerms = Pick<ContractAsked, 'subjectType'> & {
  flows: readonly Pick<ContractAsked['flows'][number], 'giver' | 'items' | 'purposes'>[]
}

export type ServicePlace = {
  /** Its contract, where that one is sound: what the rules look at of it. */
  contract: ContractTerms | undefined
  /** Whether the shape of a part (`names`, `client`, `items`) is right, so that its rules can be looked at. */
  isWhole: (part: string) => boolean
}

/** What a service may not say; places are relative to it. */
export function serviceFaults(
  asked: ServiceAsked,
  { contract, isWhole }: ServicePlace,
  terms: RuleTerms,
): Found {
  const identity: Found =
    asked.key || asked.clientId ? [] : [{ path: '/key', rule: 'key_or_client_id' }]
  const pairwise = contract?.subjectType === 'pairwise'
  return [
    ...identity,
    ...(isWhole('names') ? officialNames(asked, terms.installation) : []),
    ...(isWhole('client') ? clientFaults(asked.client, pairwise, terms.loopback) : []),
    ...(isWhole('items') ? itemFaults(asked, contract, terms.catalogue) : []),
  ]
}

/** A third party's service does not carry the name of the city, the consortium or this product (F7). */
function officialNames(asked: ServiceAsked, installation: Installation): Found {
  if (asked.kind === 'own') return []
  const { own, city } = namesOf(installation)
  const official = [...own, ...city]
  return (['ja', 'en'] as const)
    .filter((language) => official.some((word) => skeleton(asked.names[language]).includes(word)))
    .map((language) => ({ path: `/names/${language}`, rule: 'name_official' as const }))
}

/** Whether a service of this company may be the consortium's own, and so bear official names (S-58). */
export function mayBeOwn(
  { ownCorporateNumber }: Pick<Installation, 'ownCorporateNumber'>,
  { corporateNumber }: { corporateNumber: string },
): boolean {
  return ownCorporateNumber !== undefined && ownCorporateNumber === corporateNumber
}

function clientFaults(client: ServiceAsked['client'], pairwise: boolean, loopback: boolean): Found {
  const native = client.applicationType === 'native'
  const method = client.authMethod ?? (native ? 'none' : 'private_key_jwt')
  const faults: Found = []
  const add = (place: string, rule: ServiceRule | undefined) => {
    if (rule) faults.push({ path: `/client/${place}`, rule })
  }
  if (native !== (method === 'none'))
    add('authMethod', native ? 'native_needs_none' : 'web_needs_authentication')
  if (method === 'private_key_jwt' && !client.jwks) add('jwks', 'jwks_needed')
  if (method !== 'private_key_jwt' && client.jwks) add('jwks', 'jwks_not_wanted')
  if (method !== 'client_secret_basic' && client.secretSha256)
    add('secretSha256', 'secret_not_wanted')
  client.jwks?.keys.forEach((jwk, n, all) => {
    if (!isUsableKey(jwk)) add(`jwks/keys/${n}`, 'key_not_usable')
    if (all.findIndex((other) => other.kid === jwk.kid) < n) add(`jwks/keys/${n}/kid`, 'key_twice')
  })
  const terms = { native, loopback }
  for (const list of ['redirectUris', 'postLogoutRedirectUris'] as const)
    client[list]?.forEach((uri, n) => add(`${list}/${n}`, redirectFault(uri, terms)))
  client.landingOrigins?.forEach((origin, n) =>
    add(`landingOrigins/${n}`, landingFault(origin, terms)),
  )
  for (const field of ['backchannelLogoutUri', 'eventsUri'] as const) {
    const address = client[field]
    if (address !== undefined) add(field, receiverFault(address, terms))
  }
  if (pairwise && hostsOf(client.redirectUris).size > 1)
    add('redirectUris', 'pairwise_several_hosts')
  return faults
}

/** Items and purposes stand in the catalogue and under the contract's ceiling (S-36); the user ID is always required. */
function itemFaults(
  asked: ServiceAsked,
  contract: ContractTerms | undefined,
  catalogue: Catalogue,
): Found {
  const faults: Found = []
  const flows = contract?.flows.filter((flow) => flow.giver === 'consortium')
  asked.items.forEach((one, n) => {
    const add = (place: string, rule: ServiceRule) =>
      faults.push({ path: `/items/${n}${place}`, rule })
    if (!catalogue.items.some((known) => known.id === one.item)) add('/item', 'item_unknown')
    if (asked.items.findIndex((other) => other.item === one.item) < n) add('/item', 'item_twice')
    one.purposes.forEach((purpose, k) => {
      if (!catalogue.purposes.some((known) => known.id === purpose))
        add(`/purposes/${k}`, 'purpose_unknown')
    })
    const allowed = flows?.some(
      (flow) =>
        flow.items.includes(one.item) && one.purposes.every((p) => flow.purposes.includes(p)),
    )
    if (allowed === false) add('', 'item_over_ceiling')
  })
  if (!asked.items.some((one) => one.item === 'user_id' && one.required))
    faults.push({ path: '/items', rule: 'user_id_required' })
  return faults
}
