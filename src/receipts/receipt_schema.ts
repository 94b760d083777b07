/**
 * What a receipt says, as a JSON Schema: the structure of ISO/IEC TS 27560:2023 (record metadata, PII processing, party
 * identification, consent event) within the claims of a JWT. Published as docs/receipt.schema.json and at
 * `/receipts/schema.json`.
 */
const text = { type: 'string', minLength: 1 } as const
const uuid = { type: 'string', format: 'uuid' } as const
const moment = { type: 'string', format: 'date-time' } as const
const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const
const count = { type: 'integer', minimum: 1 } as const
const bothProperties = { ja: text, en: text } as const
const both = {
  type: 'object',
  additionalProperties: false,
  required: ['ja', 'en'],
  properties: bothProperties,
} as const
/** A name of the catalogue as it is now; null where the entry is gone. */
const named = { anyOf: [both, { type: 'null' }] } as const

/** An object with exactly these members. */
function whole<P extends Record<string, object>>(properties: P, description?: string) {
  const required = Object.keys(properties)
  const said = description === undefined ? {} : { description }
  return { type: 'object', ...said, additionalProperties: false, required, properties }
}

const contact = whole({ desk: both, phone: text, email: text })

const notice = whole(
  {
    template: text,
    version: count,
    sha256,
    language: { enum: ['ja', 'en'] },
    uri: { type: 'string', format: 'uri' },
    page_sha256: { anyOf: [sha256, { type: 'null' }] },
    shown_at: { anyOf: [moment, { type: 'null' }] },
  },
  'The text that was shown: its version and SHA-256, where anybody can read it, and the page as it was served.',
)

const item = whole({
  item: text,
  version: count,
  name: named,
  required: { type: 'boolean' },
  purposes: { type: 'array', minItems: 1, items: whole({ id: text, name: named }) },
})

const processing = whole(
  {
    privacy_notice: notice,
    service: whole({
      id: uuid,
      client_id: text,
      name: {
        type: 'object',
        additionalProperties: false,
        required: ['ja', 'en'],
        properties: { ...bothProperties, kana: text },
      },
    }),
    legal_basis: { const: 'consent' },
    jurisdiction: { const: 'JP' },
    contract: whole({ number: text, version: count }),
    pii_information: { type: 'array', items: item },
    declined: { type: 'array', uniqueItems: true, items: text },
    retention_period: both,
    withdrawal_method: { type: 'string', format: 'uri' },
    collection_method: { const: 'OpenID Connect' },
    identifier: { enum: ['public', 'pairwise'] },
  },
  'PII processing. `pii_information` is empty once the consent has ended.',
)

const recipient = whole({
  party_role: { const: 'PII controller (recipient)' },
  party_name: both,
  corporate_number: { type: 'string', pattern: '^\\d{13}$' },
  party_address: both,
  party_contact: contact,
})

const provider = whole({
  party_role: { const: 'PII controller (provider)' },
  party_name: both,
  party_address: both,
  party_contact: contact,
})

const alwaysOfEvent = whole(
  {
    event_type: { enum: ['consent given', 'consent changed', 'consent withdrawn'] },
    event_state: { enum: ['given', 'changed', 'paused', 'withdrawn'] },
    event_time: moment,
    valid_until: moment,
    deletion_requested: { type: 'boolean' },
  },
  '`valid_until` is exclusive; where the consent has ended it is the moment of the event.',
)

/** With who did it, where it was not the person at Machi ID. */
const event = {
  ...alwaysOfEvent,
  properties: {
    ...alwaysOfEvent.properties,
    acted_by: {
      description:
        'Where it was not the person at Machi ID: the service, by the Grant API, or the operator of Machi ID, on the request of the person.',
      enum: ['service', 'operator'],
    },
    on_request: {
      description: 'Where the operator did it: the number of that request.',
      type: 'string',
    },
  },
}

/** JSON Schema, draft-07. */
export const receiptSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Machi ID consent receipt (ISO/IEC TS 27560:2023)',
  description:
    'The payload of a JWS with the header typ consent-receipt+jwt, signed with a key of the issuer’s JWKS. It holds names of items, never their values.',
  ...whole({
    iss: { type: 'string', format: 'uri' },
    sub: text,
    jti: uuid,
    iat: { type: 'integer', minimum: 0 },
    schema_version: { const: 'ISO/IEC TS 27560:2023' },
    record_id: uuid,
    pii_principal_id: text,
    agreement: whole({ id: uuid, version: count }),
    pii_processing: processing,
    party_identification: {
      type: 'array',
      minItems: 2,
      maxItems: 2,
      items: [recipient, provider],
    },
    consent_event: event,
    ledger: whole({ tree: { type: 'string', format: 'uri' }, leaf_sha256: sha256 }),
  }),
}
