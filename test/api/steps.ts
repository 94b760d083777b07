/** A program of a company: keys of its own, tokens by client credentials, calls with or without DPoP. */
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, type CryptoKey } from 'jose'
import * as client from 'openid-client'
import * as api from '../../src/api/actions.ts'
import type { ApiScope, Person } from '../../src/persons.ts'
import type { Site } from '../support/site.ts'

export type Program = {
  id: string
  clientId: string
  config: client.Configuration
  token: (scope?: string) => Promise<string>
  call: (path: string, init?: RequestInit & { token?: string }) => Promise<Answer>
}

export type Answer = { status: number; headers: Headers; body: Record<string, unknown> }

export async function keyPair(): Promise<{ jwks: string; kid: string; key: CryptoKey }> {
  const kid = randomUUID()
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }
  return { jwks: JSON.stringify({ keys: [jwk] }), kid, key: privateKey }
}

/** Makes an API client of a company and discovers the provider with an off-the-shelf client. */
export async function makeProgram(
  site: Site,
  memberId: string,
  by: Person,
  { scopes = ['company:read', 'company:write'] as ApiScope[], dpop = false } = {},
): Promise<Program> {
  const { jwks, kid, key } = await keyPair()
  const made = await api.create(site.env, memberId, { name: '連携', jwks, scopes, dpop }, by)
  const config = await client.discovery(
    new URL(site.issuer),
    made.clientId,
    undefined,
    client.PrivateKeyJwt({ key, kid }),
    { execute: [client.allowInsecureRequests] },
  )
  const token = async (scope = scopes.join(' ')) =>
    (await client.clientCredentialsGrant(config, { scope })).access_token
  return {
    id: made.id,
    clientId: made.clientId,
    config,
    token,
    call: async (path, { token: given, ...init } = {}) =>
      answerOf(
        await fetch(`${site.issuer}/api/v1${path}`, {
          ...init,
          headers: {
            authorization: `Bearer ${given ?? (await token())}`,
            ...(init.body ? { 'content-type': 'application/json' } : {}),
            ...(init.headers as Record<string, string>),
          },
        }),
      ),
  }
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>,
  }
}
