/**
 * Passkeys (WebAuthn Level 3): asked for with user verification, so that one is two factors (H13, H14).
 * A challenge proves itself: nonce, end, and a keyed hash over what it is for and in which browser. It leaves a row only
 * once it is used, so that it counts once and readers of a sign-in page fill no table (G14).
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type AuthenticationResponseJSON,
  type RegistrationResponseJSON,
} from '@simplewebauthn/server'
import { atomically, type Env } from '../env.ts'
import { keyed } from '../vault.ts'
import * as store from './factor_store.ts'
import { CHALLENGE_SECONDS, originOf, type Area, type Passkey } from './model.ts'

/** EdDSA, ES256, RS256 (RFC 9053, RFC 8812): what today's authenticators make. */
const ALGORITHMS = [-8, -7, -257]

/** What a challenge is for; one of another page, person or browser does not count. */
export type Asking = {
  area: Area
  ceremony: 'sign_in' | 'confirm' | 'enrol'
  /** Session, invitation or holder it belongs to; empty at sign-in. */
  about: string
  /** The browser's form token. */
  browser: string
}

const NONCE = 16
const END = 4

function macOf(env: Env, { area, ceremony, about, browser }: Asking, head: Buffer): Buffer {
  const text = ['challenge', area, ceremony, about, browser, head.toString('base64url')].join('|')
  return keyed(env.secrets.people, text)
}

function newChallenge(env: Env, asking: Asking): Uint8Array<ArrayBuffer> {
  const head = Buffer.alloc(NONCE + END)
  randomBytes(NONCE).copy(head)
  head.writeUInt32BE(Math.floor(env.now().getTime() / 1000) + CHALLENGE_SECONDS, NONCE)
  return new Uint8Array(Buffer.concat([head, macOf(env, asking, head)]))
}

/** Whether a challenge is ours, for this, not over, and used for the first time: it is used now. */
async function spend(env: Env, asking: Asking, challenge: string): Promise<boolean> {
  const raw = Buffer.from(challenge, 'base64url')
  if (raw.length !== NONCE + END + 32) return false
  const head = raw.subarray(0, NONCE + END)
  if (!timingSafeEqual(raw.subarray(NONCE + END), macOf(env, asking, head))) return false
  const expiresAt = new Date(head.readUInt32BE(NONCE) * 1000)
  if (expiresAt <= env.now()) return false
  return store.useChallenge(env.db, createHash('sha256').update(raw).digest(), expiresAt)
}

const party = (env: Env, area: Area) => {
  const origin = originOf(env.config, area)
  return { origin, id: new URL(origin).hostname }
}

/** Options for `navigator.credentials.get`, as JSON. @param passkeys empty: any that the browser knows for us */
export async function requestOptions(
  env: Env,
  asking: Asking,
  passkeys: readonly Passkey[] = [],
): Promise<string> {
  const options = await generateAuthenticationOptions({
    rpID: party(env, asking.area).id,
    challenge: newChallenge(env, asking),
    userVerification: 'required',
    timeout: CHALLENGE_SECONDS * 1000,
    allowCredentials: listed(passkeys),
  })
  return JSON.stringify(options)
}

/** Options for `navigator.credentials.create`, as JSON. */
export async function creationOptions(
  env: Env,
  asking: Asking,
  holder: { id: string; email: string; name: string; passkeys: readonly Passkey[] },
  issuer: string,
): Promise<string> {
  const options = await generateRegistrationOptions({
    rpName: issuer,
    rpID: party(env, asking.area).id,
    userID: new Uint8Array(Buffer.from(holder.id)),
    userName: holder.email,
    userDisplayName: holder.name,
    challenge: newChallenge(env, asking),
    timeout: CHALLENGE_SECONDS * 1000,
    attestationType: 'none',
    excludeCredentials: listed(holder.passkeys),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  })
  return JSON.stringify(options)
}

const listed = (passkeys: readonly Passkey[]) =>
  passkeys.map(({ credentialId, transports }) => ({ id: credentialId, transports }))

type Answer = { id: string; response: { clientDataJSON: string; userHandle?: string } }

/** A credential as the script sends it; undefined where it is none. */
function answerIn(text: string): Answer | undefined {
  try {
    const given = JSON.parse(text) as Partial<Answer> | null
    const ours = typeof given?.id === 'string' && typeof given.response?.clientDataJSON === 'string'
    return ours ? (given as Answer) : undefined
  } catch {
    return undefined
  }
}

function challengeIn({ response }: Answer): string {
  try {
    const data = JSON.parse(Buffer.from(response.clientDataJSON, 'base64url').toString()) as {
      challenge?: unknown
    } | null
    return typeof data?.challenge === 'string' ? data.challenge : ''
  } catch {
    return ''
  }
}

/**
 * Whose passkey was shown: right origin, party, challenge, user verification, signature and counter (H14).
 *
 * @param text the credential as JSON
 * @returns undefined where any of it is not right
 */
export function passkeyShown(env: Env, asking: Asking, text: string): Promise<string | undefined> {
  return atomically(env, async (env) => {
    const answer = answerIn(text)
    const challenge = answer && challengeIn(answer)
    if (!answer || !challenge || !(await spend(env, asking, challenge))) return undefined
    const known = await store.passkey(env.db, asking.area, answer.id)
    if (!known || !isHolders(answer, known)) return undefined
    const counter = await verified(env, asking, { answer, challenge, known })
    if (counter === undefined) return undefined
    await store.usePasskey(env.db, known.id, { counter, at: env.now() })
    return known.holderId
  })
}

/** A user handle, where the authenticator gives one, names the holder (WebAuthn 3 §7.2 step 6). */
function isHolders({ response: { userHandle } }: Answer, { holderId }: Passkey): boolean {
  return !userHandle || Buffer.from(userHandle, 'base64url').toString() === holderId
}

async function verified(
  env: Env,
  { area }: Asking,
  { answer, challenge, known }: { answer: Answer; challenge: string; known: Passkey },
): Promise<number | undefined> {
  const { origin, id } = party(env, area)
  try {
    const result = await verifyAuthenticationResponse({
      response: answer as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      credential: {
        id: known.credentialId,
        publicKey: new Uint8Array(known.publicKey),
        counter: known.counter,
        transports: known.transports,
      },
    })
    return result.verified ? result.authenticationInfo.newCounter : undefined
  } catch {
    // The library throws for whatever is not as it must be.
    return undefined
  }
}

/** A passkey just made, before it is kept. */
export type NewPasskey = Pick<Passkey, 'credentialId' | 'publicKey' | 'counter' | 'transports'>

/** What `navigator.credentials.create` gave, where it is what we asked for (H14). */
export async function passkeyMade(
  env: Env,
  asking: Asking,
  text: string,
): Promise<NewPasskey | undefined> {
  const answer = answerIn(text)
  const challenge = answer && challengeIn(answer)
  if (!answer || !challenge || !(await spend(env, asking, challenge))) return undefined
  const { origin, id } = party(env, asking.area)
  try {
    const result = await verifyRegistrationResponse({
      response: answer as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    })
    if (!result.verified) return undefined
    const { credential } = result.registrationInfo
    return {
      credentialId: credential.id,
      publicKey: Buffer.from(credential.publicKey),
      counter: credential.counter,
      transports: (credential.transports ?? []).filter((name) => /^[a-z-]{1,20}$/.test(name)),
    }
  } catch {
    return undefined
  }
}
