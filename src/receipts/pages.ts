/** What the pages of receipts show: pure, from a receipt to words in one language. */
import { namesByKind } from '../catalogue/model.ts'
import type { Both } from '../installation.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import { addressOf } from '../templates/model.ts'
import type { Entry, Kind, Receipt } from './model.ts'

type Line = {
  id: string
  service: string
  provider: string
  what: string
  kind: Kind
  at: string
  items: string[]
}

/** views/receipts/list.eta */
export type ReceiptsPage = { receipts: Line[]; total: number; page: number; pages: number }

/** views/receipts/one.eta */
export type ReceiptPage = {
  id: string
  line: Line
  until: string | undefined
  text: string
  /** Where that version can be read by anybody. */
  textHref: string
  /** SHA-256 of the text, hex. */
  textHash: string
  items: { id: string; name: string; required: boolean; purposes: string }[]
  declined: string[]
  contact: { desk: string; phone: string; email: string }
  deletion: boolean
  /** SHA-256 of the entry in the ledger, in groups of four. */
  fingerprint: string
  /** Where paper is checked. */
  verifyUrl: string
  jws: string
}

/** views/receipts/verify.eta */
export type VerifyPage = {
  typed: string
  fields: Fields
  result: { ok: true; page: Omit<ReceiptPage, 'jws'> } | { ok: false; why: string } | undefined
  /** What was copied from paper, and what the ledger says of it: sentences, or null where it knows nothing. */
  paper: { number: string; hash: string; said: string[] | null | undefined }
}

/** What anybody learns of a receipt on paper: that it is, since when, and whether a signed state holds it. */
export function entrySaid({ at, signedAt }: Entry, language: Language): string[] {
  const t = messages[language].receipts.verify.paper
  const { dateTime } = words(language)
  return [t.made(dateTime(at)), signedAt ? t.signed(dateTime(signedAt)) : t.unsigned]
}

export function lineOf(receipt: Receipt, language: Language): Line {
  const { service, pii_information: items, identifier } = receipt.pii_processing
  const { event_state: kind, event_time } = receipt.consent_event
  return {
    id: receipt.record_id,
    service: service.name[language],
    provider: receipt.party_identification[0]?.party_name[language] ?? '',
    what: whatOf(receipt, language),
    kind,
    at: words(language).dateTime(new Date(event_time)),
    items: items.map((item) => nameOf(item, identifier)[language]),
  }
}

type Processing = Receipt['pii_processing']

/** Receipts signed before the ID was told apart by its kind name the kind all the same. */
function nameOf(
  { item, name }: Processing['pii_information'][number],
  kind: Processing['identifier'],
): Both {
  return namesByKind(item, name ?? { ja: item, en: item }, kind)
}

function whatOf({ consent_event: event }: Receipt, language: Language): string {
  const t = messages[language].receipts
  if (event.acted_by === 'service') return t.byService
  return event.acted_by === 'operator'
    ? t.onRequest(event.on_request ?? '')
    : t.kinds[event.event_state]
}

/** @param known names of items and titles of texts, in the same language */
export function shownOf(
  receipt: Receipt,
  language: Language,
  known: { item(id: string): string; text(template: string): string },
): Omit<ReceiptPage, 'jws'> {
  const t = messages[language].receipts
  const { pii_processing: processing, consent_event: event, ledger } = receipt
  const { desk, phone, email } = receipt.party_identification[0]?.party_contact ?? {}
  const over = event.event_state === 'withdrawn' || event.event_state === 'paused'
  return {
    id: receipt.record_id,
    line: lineOf(receipt, language),
    until: over ? undefined : words(language).date(new Date(Date.parse(event.valid_until) - 1)),
    text: t.text(
      known.text(processing.privacy_notice.template),
      processing.privacy_notice.version,
      t.languages[processing.privacy_notice.language],
    ),
    textHref: addressOf(processing.privacy_notice, processing.privacy_notice.language),
    textHash: processing.privacy_notice.sha256,
    items: processing.pii_information.map((item) => ({
      id: item.item,
      name: nameOf(item, processing.identifier)[language],
      required: item.required,
      purposes: words(language).list(
        item.purposes.map((purpose) => purpose.name?.[language] ?? purpose.id),
      ),
    })),
    declined: processing.declined.map((id) => known.item(id)),
    contact: { desk: desk?.[language] ?? '', phone: phone ?? '', email: email ?? '' },
    deletion: event.deletion_requested,
    verifyUrl: `${receipt.iss}/receipts/verify`,
    fingerprint: ledger.leaf_sha256.replace(/(.{4})(?=.)/g, '$1 '),
  }
}
