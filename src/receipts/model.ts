/**
 * 同意の控え – the resident's own signed copy of each turn of a consent.
 * Owns: what a receipt says and how it is signed and checked. Does not own: consents; a receipt is made of the row, the
 * versions it names and nothing else, so the same row always says the same. ISO/IEC TS 27560:2023; RFC 7515. Rows: R9,
 * S-20, S-34, field 11, 12.
 */
import { itemNames, type Catalogue, type ItemId } from '../catalogue/model.ts'
import type { Installation } from '../installation.ts'
import type { Language } from '../locales/index.ts'
import type { ServiceNow } from '../services/model.ts'
import { addressOf } from '../templates/model.ts'

export type Kind = 'given' | 'changed' | 'paused' | 'withdrawn'

/** A row of `consents`, with the versions of that day. */
export type ConsentRow = {
  id: string
  agreementId: string
  version: number
  kind: Kind
  serviceId: string
  serviceVersionId: string
  memberVersionId: string
  contractVersionId: string
  template: string
  templateVersion: number
  templateHash: string
  language: Language
  pageHash: string | null
  shownAt: Date | null
  agreedAt: Date
  items: { item: ItemId; itemVersion: number; purposes: string[]; required: boolean }[]
  declined: string[]
  subjectType: 'public' | 'pairwise'
  endsAt: Date
  deletionRequested: boolean
  /** Who did it, where it was not the resident at Machi ID. */
  actedBy?: 'service' | 'operator' | null
  /** The number of the request that the operator granted by it. */
  onRequest?: string | null
  /** Hex. */
  leafHash: string
}

/** What anybody may know of a receipt on paper. `signedAt`: of the ledger's state it is in; null: not yet in one. */
export type Entry = { at: Date; signedAt: Date | null }

/** What the receipt is made of. */
export type Parts = {
  row: ConsentRow
  service: ServiceNow
  /** The `sub` this service knows the resident by. */
  subject: string
  installation: Installation
  catalogue: Catalogue
  issuer: string
}

/** The type of the JWS, so that it passes for no other token (RFC 8725 §3.11). */
export const RECEIPT_TYPE = 'consent-receipt+jwt'

const EVENT: Record<Kind, string> = {
  given: 'consent given',
  changed: 'consent changed',
  paused: 'consent withdrawn',
  withdrawn: 'consent withdrawn',
}

/** A receipt in the structure of ISO/IEC TS 27560:2023; receipt_schema.ts describes it. */
export function receiptOf({ row, service, subject, installation, catalogue, issuer }: Parts) {
  const { member, version, contract } = service
  const at = row.agreedAt.toISOString()
  const ends = ['paused', 'withdrawn'].includes(row.kind)
  return {
    iss: issuer,
    sub: subject,
    jti: row.id,
    iat: Math.floor(row.agreedAt.getTime() / 1000),
    schema_version: 'ISO/IEC TS 27560:2023',
    record_id: row.id,
    pii_principal_id: subject,
    agreement: { id: row.agreementId, version: row.version },
    pii_processing: {
      privacy_notice: {
        template: row.template,
        version: row.templateVersion,
        sha256: row.templateHash,
        language: row.language,
        uri: `${issuer}${addressOf({ template: row.template, version: row.templateVersion }, row.language)}`,
        page_sha256: row.pageHash,
        shown_at: row.shownAt?.toISOString() ?? null,
      },
      service: { id: row.serviceId, client_id: service.service.clientId, name: version.names },
      legal_basis: 'consent',
      jurisdiction: 'JP',
      contract: { number: contract.number, version: contract.version },
      pii_information: row.items.map((item) => ({
        item: item.item,
        version: item.itemVersion,
        name: catalogue.items.some(({ id }) => id === item.item)
          ? itemNames(catalogue.items, item.item, row.subjectType)
          : null,
        required: item.required,
        purposes: item.purposes.map((id) => ({
          id,
          name: catalogue.purposes.find((one) => one.id === id)?.names ?? null,
        })),
      })),
      declined: row.declined,
      retention_period: version.retention,
      withdrawal_method: `${issuer}/account/services/${row.serviceId}/withdraw`,
      collection_method: 'OpenID Connect',
      identifier: row.subjectType,
    },
    party_identification: [
      {
        party_role: 'PII controller (recipient)',
        party_name: member.names,
        corporate_number: member.corporateNumber,
        party_address: member.address,
        party_contact: version.contact,
      },
      {
        party_role: 'PII controller (provider)',
        party_name: installation.consortium,
        party_address: installation.address,
        party_contact: {
          desk: installation.contact.desk,
          phone: installation.contact.phone,
          email: installation.contact.email,
        },
      },
    ],
    consent_event: {
      event_type: EVENT[row.kind],
      event_state: row.kind,
      event_time: at,
      valid_until: ends ? at : row.endsAt.toISOString(),
      deletion_requested: row.deletionRequested,
      ...(row.actedBy && { acted_by: row.actedBy }),
      ...(row.onRequest && { on_request: row.onRequest }),
    },
    ledger: { tree: `${issuer}/transparency`, leaf_sha256: row.leafHash },
  }
}

export type Receipt = ReturnType<typeof receiptOf>
