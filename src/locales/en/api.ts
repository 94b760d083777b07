import type { Messages } from '../index.ts'

export const api: Messages['api'] = {
  title: 'Programs (API)',
  lead: 'Part of what you do on these pages, your programs can do too. Approvals, keys and going live need a person.',
  description: 'Description of the API (OpenAPI)',
  tokenUrl: 'Token endpoint',
  audience: 'Audience of the assertion (aud)',
  list: 'Registered programs',
  none: 'No program is registered yet.',
  columns: {
    name: 'Name',
    clientId: 'Client ID',
    scopes: 'May',
    since: 'Registered',
    state: 'State',
  },
  scopes: {
    'company:read': 'Read (company:read)',
    'company:write': 'Write (company:write)',
  },
  bound: 'DPoP required',
  active: 'In use',
  ended: (on) => `Ended on ${on}`,
  end: 'End it',
  endOf: (name) => `End ${name}`,
  add: 'Register a program',
  name: 'Name',
  nameHint: 'A name your colleagues recognise, such as Stock system',
  jwks: 'Public keys (JWK Set)',
  jwksHint:
    'One to five public keys for ES256, PS256 or EdDSA, each with kid and alg. Never enter a private key.',
  scope: 'May',
  dpop: 'Require DPoP',
  dpopText: 'Binds each token to a key of its holder. A stolen token is of no use.',
  create: 'Register',
  managerOnly: 'Managers register and end programs.',
}
