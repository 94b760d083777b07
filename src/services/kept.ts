/** From what an onboarding file says about a service to what is kept of it; pure. */
import { createHash } from 'node:crypto'
import { canonical, type Json } from '../audit/model.ts'
import { isItemId, type Catalogue } from '../catalogue/model.ts'
import { normalName, normalText } from '../input/spelling.ts'
import type { Both } from '../installation.ts'
import type { Service, ServiceBody, ServiceItem } from './model.ts'
import type { ServiceAsked } from './schema.ts'

export type Client = Pick<Service, 'contractId' | 'kind' | 'authMethod' | 'secretHash' | 'jwks'>

/** A client id that is the same for the same company and key; not a secret. */
export function clientIdOf(corporateNumber: string, key: string): string {
  const digest = createHash('sha256').update(`${corporateNumber}\0${key}`).digest('hex')
  return `${key}-${digest.slice(0, 12)}`
}

export function methodOf({ client }: ServiceAsked): Service['authMethod'] {
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
