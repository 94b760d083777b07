/** A service as oidc-provider's Client. Nothing is copied: read from the service on each use, so suspension acts at once. */
import type { AdapterPayload } from 'oidc-provider'
import type { ApiClient } from '../api/model.ts'
import { ceiling, standing, type ServiceNow } from '../services/model.ts'
import { allowedScopes } from './scopes.ts'

/** Client metadata (OIDC Dynamic Registration §2), or undefined where the service may not sign anybody in. */
export function clientOf(now: ServiceNow, at: Date): Record<string, unknown> | undefined {
  if (standing(now, at) !== 'ok') return undefined
  const { service, version, contract } = now
  const items = ceiling(now, at).map((item) => item.item)
  return {
    client_id: service.clientId,
    client_name: version.names.ja,
    application_type: version.applicationType,
    redirect_uris: version.redirectUris,
    post_logout_redirect_uris: version.postLogoutRedirectUris,
    response_types: ['code'],
    response_modes: ['query'],
    grant_types: contract.offlineAccess
      ? ['authorization_code', 'refresh_token']
      : ['authorization_code'],
    token_endpoint_auth_method: service.authMethod,
    ...(service.secretHash && { client_secret: service.secretHash.toString('hex') }),
    ...(service.jwks && { jwks: service.jwks }),
    id_token_signed_response_alg: version.idTokenAlg,
    subject_type: contract.subjectType,
    scope: allowedScopes(items, contract.offlineAccess).join(' '),
  }
}

/** A program of a company as oidc-provider's Client: `client_credentials` with keys of its own, and nothing else. */
export function apiClientOf(client: ApiClient | undefined): AdapterPayload | undefined {
  if (!client) return undefined
  return {
    client_id: client.clientId,
    client_name: client.name,
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: client.jwks,
    scope: client.scopes.join(' '),
    dpop_bound_access_tokens: client.dpop,
  } as AdapterPayload
}
