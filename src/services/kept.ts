/** From what an onboarding file says about a service to what is kept of it; pure. */
import { createHash } from 'node:crypto'
import { canonical, type Json } from '../audit/model.ts'
import { isItemId, type Catalogue } from '../catalogue/model.ts'
import { normalName, normalText } from '../input/spelling.ts'
import type { Both } from '../installation.ts'
import type { Service, ServiceBody, ServiceItem } from './model.ts'
import type { ServiceDraft } from './draft_schema.ts'
import type { ServiceAsked } from './schema.ts'

export type Client = Pick<Service, 'contractId' | 'kind' | 'authMethod' | 'secretHash' | 'jwks'>

/** A client id that is the same for the same company and key; not a secret. */
export function clientIdOf(corporateNumber: string, key: string): string {
  const digest = createHash('sha256').update(`${corporateNumber}\0${key}`).digest('hex')
  return `${key}-${digest.slice(0, 12)}`
}

export function methodOf({
  client,
}: {
  client: Pick<ServiceAsked['client'], 'authMethod' | 'applicationType'>
}): Service['authMethod'] {
  return client.authMethod ?? (client.applicationType === 'native' ? 'none' : 'private_key_jwt')
}

export function clientOf(
  asked: ServiceAsked,
  contractId: string,
  { known, secret }: { known: Pick<Client, 'secretHash'> | undefined; secret: string | undefined },
): Client {
  const authMethod = methodOf(asked)
  const given = asked.client.secretSha256
  const hash = secret
    ? createHash('sha256').update(secret).digest()
    : given
      ? Buffer.from(given, 'hex')
      : (known?.secretHash ?? null)
  return {
    contractId,
    kind: asked.kind ?? 'third_party',
    authMethod,
    secretHash: authMethod === 'client_secret_basic' ? hash : null,
    jwks: asked.client.jwks
      ? { keys: asked.client.jwks.keys.map((key) => ({ use: 'sig', ...key })) }
      : null,
  }
}

export function clientHash({ contractId, kind, authMethod, secretHash, jwks }: Client): string {
  const text = canonical({
    contractId,
    kind,
    authMethod,
    secretHash: secretHash?.toString('hex') ?? null,
    jwks: jwks as Json,
  })
  return createHash('sha256').update(text).digest('hex')
}

const both = ({ ja, en }: Both): Both => ({ ja: normalText(ja), en: normalText(en) })

export function bodyOf(asked: ServiceAsked): ServiceBody {
  const { names, client } = asked
  return {
    names: { ja: normalName(names.ja), en: normalName(names.en), kana: normalName(names.kana) },
    descriptions: both(asked.descriptions),
    termsUrl: asked.termsUrl,
    policyUrl: asked.policyUrl,
    contact: { ...asked.contact, desk: both(asked.contact.desk) },
    retention: both(asked.retention),
    applicationType: client.applicationType ?? 'web',
    redirectUris: client.redirectUris,
    postLogoutRedirectUris: client.postLogoutRedirectUris ?? [],
    landingOrigins: client.landingOrigins ?? [],
    idTokenAlg: client.idTokenAlg ?? 'ES256',
    ...(client.backchannelLogoutUri && { backchannelLogoutUri: client.backchannelLogoutUri }),
    ...(client.eventsUri && { eventsUri: client.eventsUri }),
  }
}

export function itemOf(asked: ServiceAsked['items'][number], catalogue: Catalogue): ServiceItem {
  const known = catalogue.items.find((item) => item.id === asked.item)
  if (!known || !isItemId(asked.item)) throw new Error(`unknown item ${asked.item}`)
  const { item, purposes, required } = { ...asked, item: asked.item }
  return {
    item,
    itemVersion: known.version,
    purposes,
    required,
    reasons: both(asked.reasons),
    effects: both(asked.effects),
  }
}

export type KeptOf = { client: Client; body: ServiceBody; items: ServiceItem[] }

/**
 * From an approved draft to what is kept of it. Items the review left out are left out of `draft.items` before.
 *
 * @param known the client of the service as it stands: its keys and secret stay, since only `/keys` changes them later;
 *   where it has none, as after a hand-over, the keys that were reviewed count
 * @param secret where the draft takes a secret and none is known: one that nobody learns; `keys.ts` issues the real one
 */
export function keptOf(
  draft: ServiceDraft,
  terms: {
    catalogue: Catalogue
    contractId: string
    known: Pick<Client, 'secretHash' | 'jwks' | 'authMethod'> | undefined
    secret: string
  },
): KeptOf {
  const { catalogue, contractId, known } = terms
  const asked: ServiceAsked = { ...draft, status: 'approved' }
  const isNew = methodOf(draft) === 'client_secret_basic' && !known?.secretHash
  const client = clientOf(asked, contractId, { known, secret: isNew ? terms.secret : undefined })
  const keeps = known?.authMethod === client.authMethod && known.jwks?.keys.length
  return {
    client: keeps ? { ...client, jwks: known.jwks } : client,
    body: { ...bodyOf(asked), ...furtherOf(draft) },
    items: draft.items.map((item) => ({
      ...itemOf(item, catalogue),
      ...(item.retention && { retention: both(item.retention) }),
    })),
  }
}

/** What a draft says beyond an onboarding file; a test side may be made before all of it is written. */
function furtherOf(
  draft: Partial<ServiceDraft> & Pick<ServiceDraft, 'names' | 'client'>,
): Partial<ServiceBody> & Pick<ServiceBody, 'names'> {
  const { names, client } = draft
  const { termsVersion, termsSha256, policyVersion, policySha256, clauses } = draft
  const { secretReason } = client
  return {
    names: {
      ja: normalName(names.ja),
      en: normalName(names.en),
      kana: normalName(names.kana),
      ...(names.zhHans && { zhHans: normalName(names.zhHans) }),
      ...(names.zhHant && { zhHant: normalName(names.zhHant) }),
      ...(names.ko && { ko: normalName(names.ko) }),
    },
    ...(termsVersion && { termsVersion: normalText(termsVersion) }),
    ...(termsSha256 && { termsSha256 }),
    ...(policyVersion && { policyVersion: normalText(policyVersion) }),
    ...(policySha256 && { policySha256 }),
    ...(clauses && { clauses: Object.fromEntries(Object.entries(clauses)) }),
    ...(draft.logo && { logo: draft.logo }),
    ...(secretReason && { secretReason: normalText(secretReason) }),
  }
}
