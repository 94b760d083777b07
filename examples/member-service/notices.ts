/**
 * What Machi ID tells the service without being asked: events (RFC 8417, pushed by RFC 8935) and logout tokens (OpenID
 * Connect Back-Channel Logout). Verified with jose and the keys at /jwks alone; nothing of it is believed before.
 */
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose'

/**
 * Whom it is about, and what happened. `sid`: one session of theirs; absent: all. `at`: when it happened, in Unix seconds
 * of Machi ID's clock, which may be long before it is told; absent: it is so now.
 */
export type Notice = { kind: Kind; sub: string; sid: string | undefined; at: number | undefined }
export type Kind = 'withdrawn' | 'changed' | 'corrected' | 'closed' | 'signed_out' | 'trial'

/** By the last part of the event's address; what is not listed is taken and left alone. */
const KINDS: Record<string, Kind> = {
  'consent-withdrawn': 'withdrawn',
  'consent-changed': 'changed',
  'item-corrected': 'corrected',
  'account-purged': 'closed',
  'session-revoked': 'signed_out',
  verification: 'trial',
}
const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'
const MOST_KEPT = 10_000

type SubjectId = { format?: string; sub?: string; user?: SubjectId; session?: { id?: string } }

/** What is not a notice of ours; `err` as RFC 8935 §2.4 names it. */
export class NotOurs extends Error {
  readonly err: string
  constructor(err: string) {
    super(err)
    this.err = err
  }
}

/** Reads notices for one client; each is read once, however often it is sent. */
export function noticeReader(issuer: string, clientId: string) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const seen = new Set<string>()

  async function verified(token: string, typ: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience: clientId, typ })
      return payload
    } catch (error) {
      const { code = '', claim } = error as { code?: string; claim?: string }
      if (claim === 'aud') throw new NotOurs('invalid_audience')
      if (claim === 'iss') throw new NotOurs('invalid_issuer')
      if (code.startsWith('ERR_JW')) throw new NotOurs('invalid_key')
      throw error
    }
  }

  /** True the first time. */
  function isNew({ jti = '' }: JWTPayload): boolean {
    if (seen.has(jti)) return false
    if (seen.size >= MOST_KEPT) seen.clear()
    seen.add(jti)
    return true
  }

  return {
    /** @returns undefined for one that was read before. @throws NotOurs */
    async event(token: string): Promise<Notice | undefined> {
      const payload = await verified(token, 'secevent+jwt')
      const [type = ''] = Object.keys((payload['events'] as object | undefined) ?? {})
      const about = (payload['sub_id'] ?? {}) as SubjectId
      const kind = KINDS[type.split('/').at(-1) ?? '']
      if (!kind || !isNew(payload)) return undefined
      const { toe: at } = payload as { toe?: number }
      return { kind, sub: (about.user ?? about).sub ?? '', sid: about.session?.id, at }
    },

    /** @returns undefined for one that was read before. @throws NotOurs */
    async logout(token: string): Promise<Notice | undefined> {
      const payload = await verified(token, 'logout+jwt')
      const events = (payload['events'] as object | undefined) ?? {}
      if (!(LOGOUT in events) || 'nonce' in payload) throw new NotOurs('invalid_request')
      const { sid } = payload as { sid?: string }
      if (!isNew(payload)) return undefined
      // A logout token is made anew at each try: its `iat` does not tell when the session ended, its `sid` tells which.
      return { kind: 'signed_out', sub: payload.sub ?? '', sid, at: undefined }
    },
  }
}

export type NoticeReader = ReturnType<typeof noticeReader>
