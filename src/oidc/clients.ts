/** A service as oidc-provider's Client. Nothing is copied: read from the service on each use, so suspension acts at once. */
import type { AdapterPayload } from 'oidc-provider'
import type { ApiClient } from '../api/model.ts'
import { SERVICE_SCOPES } from '../persons.ts'
import { ceiling, standing, type ServiceNow } from '../services/model.ts'
import { allowedScopes } from './scopes.ts'

/**
 * Client metadata (OIDC Dynamic Registration §2), or undefined where the service may not sign anybody in.
 *
 * @param atToken the token endpoint asks: there, and only there, a service that proves who it is gets tokens of its own,
 *   so no authorization request can ask a resident for them
 */
export function clientOf(
  now: ServiceNow,
  at: Date,
  atToken: boolean,
): Record<string, unknown> | undefined {
  if (standing(now, at) !== 'ok') return undefined
  const { service, version, contract } = now
  const items = ceiling(now, at).map((item) => item.item)
  const forItself = atToken && service.authMethod !== 'none'
  return {
    client_id: service.clientId,
    client_name: version.names.ja,
    application_type: version.applicationType,
    redirect_uris: version.redirectUris,
    post_logout_redirect_uris: version.postLogoutRedirectUris,
    response_types: ['code'],
    response_modes: ['query'],
    grant_types: [
      'authorization_code',
      ...(contract.offlineAccess ? ['refresh_token'] : []),
      ...(forItself ? ['client_credentials'] : []),
    ],
    token_endpoint_auth_method: service.authMethod,
    ...(service.secretHash && { client_secret: service.secretHash.toString('hex') }),
    ...(service.jwks && { jwks: service.jwks }),
    id_token_signed_response_alg: version.idTokenAlg,
    ...(version.backchannelLogoutUri && { backchannel_logout_uri: version.backchannelLogoutUri }),
    backchannel_logout_session_required: takesSessions(version),
    subject_type: contract.subjectType,
    scope: [
      ...allowedScopes(items, contract.offlineAccess),
      ...(forItself ? SERVICE_SCOPES : []),
    ].join(' '),
  }
}

/** Whether a service is told when a session ends, and so has to know sessions by their `sid`. */
const takesSessions = (version: ServiceNow['version']) =>
  version.backchannelLogoutUri !== undefined || version.eventsUri !== undefined

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
