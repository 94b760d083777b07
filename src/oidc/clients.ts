/** A service as oidc-provider's Client. Nothing is copied: read from the service on each use, so suspension acts at once. */
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
