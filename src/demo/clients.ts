/**
 * The demo's services as OIDC clients. Ids, secrets and keys are published constants: nobody is protected by them, and
 * production refuses a demo database.
 */

/** Published on purpose: nobody is protected by it. */
export const CLIENT_SECRETS: Record<string, string> = {
  'machinaka-kaiyu': 'demo-secret-of-machinaka-kaiyu-0123456789AB',
  'norimono-yoyaku': 'demo-secret-of-norimono-yoyaku-0123456789AB',
  'yumeguri-techo': 'demo-secret-of-yumeguri-techo-0123456789ABC',
}

/** The signing key of としょ予約, published on purpose. */
export const PRIVATE_JWKS: Record<string, Record<string, string>> = {
  'tosho-yoyaku': {
    kty: 'EC',
    crv: 'P-256',
    kid: 'demo-tosho-1',
    alg: 'ES256',
    use: 'sig',
    x: '5x0iTXdEeoZnAb0Fevr58HVZGlqtmPPKuIRd0p7urao',
    y: '6dgTEnLBHPHog9uggKMJXKZscuMGnSunwlgAAcblzpk',
    d: 'JsnXCYA-itm61N05UlQQp4fl9pAVwAFdZbgo1GgWZRE',
  },
}

/** The first is the one the demo's relying service plays. */
export const CLIENT_IDS = [
  'machinaka-kaiyu',
  'tosho-yoyaku',
  'aruku-point',
  'norimono-yoyaku',
  'yumeguri-techo',
] as const
export type ClientId = (typeof CLIENT_IDS)[number]

/** Where the demo's services are led back to: the addresses follow the port of the issuer. */
export function addressesOf(clientId: ClientId, port: number) {
  if (clientId === 'aruku-point') {
    const loopback = `http://127.0.0.1:${port + 2}/callback`
    return {
      redirectUris: [loopback, 'example.ashiato.aruku:/callback'],
      postLogoutRedirectUris: [],
    }
  }
  const web = `http://localhost:${port + 1}`
  const path = clientId === 'machinaka-kaiyu' ? '' : `/${clientId.split('-')[0]}`
  return {
    redirectUris: [`${web}${path}/callback`],
    postLogoutRedirectUris: [`${web}${path}/`],
    // Where somebody listens: the one service that is played.
    ...(path === '' && {
      eventsUri: `${web}/events`,
      backchannelLogoutUri: `${web}/backchannel-logout`,
    }),
  }
}
