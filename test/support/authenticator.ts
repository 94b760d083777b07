/** A passkey authenticator of software (WebAuthn Level 3): ES256, discoverable, with knobs to do it wrong (H14). */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

type Twist = {
  origin?: string
  rpId?: string
  challenge?: string
  /** User verification is not claimed. */
  unverified?: boolean
  counter?: number
  type?: string
  userHandle?: string
}

type Options = {
  challenge: string
  rpId?: string
  rp?: { id?: string }
  user?: { id: string }
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest()
const UP = 0x01
const UV = 0x04
const AT = 0x40

export class Authenticator {
  readonly id = randomBytes(16)
  counter = 0
  userHandle = ''
  private readonly origin: string
  private readonly key: KeyObject
  private readonly publicJwk: { x?: string; y?: string }

  constructor(origin: string) {
    this.origin = origin
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.key = pair.privateKey
    this.publicJwk = pair.publicKey.export({ format: 'jwk' })
  }

  /** What `navigator.credentials.create` would give, as the page's script posts it. */
  create(json: string, twist: Twist = {}): string {
    const options = JSON.parse(json) as Options
    this.userHandle = options.user?.id ?? ''
    const data = this.clientData('webauthn.create', options, twist)
    const flags = UP | AT | (twist.unverified ? 0 : UV)
    const authData = Buffer.concat([
      this.head(twist.rpId ?? options.rp?.id ?? '', flags, twist.counter ?? this.counter),
      Buffer.alloc(16),
      Buffer.from([0, this.id.length]),
      this.id,
      this.coseKey(),
    ])
    const attestation = Buffer.concat([
      Buffer.from([0xa3]),
      cborText('fmt'),
      cborText('none'),
      cborText('attStmt'),
      Buffer.from([0xa0]),
      cborText('authData'),
      cborBytes(authData),
    ])
    return this.answer({
      clientDataJSON: data.toString('base64url'),
      attestationObject: attestation.toString('base64url'),
      transports: ['internal'],
    })
  }

  /** What `navigator.credentials.get` would give. */
  get(json: string, twist: Twist = {}): string {
    const options = JSON.parse(json) as Options
    const data = this.clientData('webauthn.get', options, twist)
    const counter = twist.counter ?? ++this.counter
    const flags = UP | (twist.unverified ? 0 : UV)
    const authData = this.head(twist.rpId ?? options.rpId ?? '', flags, counter)
    const signature = sign('sha256', Buffer.concat([authData, sha256(data)]), this.key)
    return this.answer({
      clientDataJSON: data.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: twist.userHandle ?? this.userHandle,
    })
  }

  private clientData(type: string, { challenge }: Options, twist: Twist): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: twist.type ?? type,
        challenge: twist.challenge ?? challenge,
        origin: twist.origin ?? this.origin,
        crossOrigin: false,
      }),
    )
  }

  private head(rpId: string, flags: number, counter: number): Buffer {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count])
  }

  private coseKey(): Buffer {
    const part = (text: string | undefined) => cborBytes(Buffer.from(text ?? '', 'base64url'))
    return Buffer.concat([
      // kty: EC2, alg: ES256, crv: P-256 (RFC 9052 §7)
      Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
      part(this.publicJwk.x),
      Buffer.from([0x22]),
      part(this.publicJwk.y),
    ])
  }

  private answer(response: object): string {
    const id = this.id.toString('base64url')
    return JSON.stringify({
      id,
      rawId: id,
      type: 'public-key',
      response,
      clientExtensionResults: {},
    })
  }
}

/** RFC 8949 §3.1: a text shorter than 24 bytes. */
function cborText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 | text.length]), Buffer.from(text)])
}

function cborBytes(bytes: Buffer): Buffer {
  const head =
    bytes.length < 256 ? [0x58, bytes.length] : [0x59, bytes.length >> 8, bytes.length & 255]
  return Buffer.concat([Buffer.from(head), bytes])
}

/** The options that a page's form carries for the n-th passkey form, of a kind. */
export function optionsOn(html: string, kind: 'get' | 'create'): string {
  const form = new RegExp(`<form[^>]*data-passkey="${kind}"[^>]*>`).exec(html)?.[0] ?? ''
  const text = /data-options="([^"]*)"/.exec(form)?.[1] ?? ''
  return text.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
