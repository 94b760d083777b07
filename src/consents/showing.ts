/** The record that the screen was served, with commitments to the values that stood on it. */
import { canonical, commitment, type Json } from '../audit/model.ts'
import type { Catalogue, ItemId } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import type { Both, Installation } from '../installation.ts'
import type { Language } from '../locales/index.ts'
import { claimsOf, type Resident } from '../residents/model.ts'
import { subjectOf } from '../services/model.ts'
import { seal, unseal } from '../vault.ts'
import { offerFacts, type AskReason, type Offer, type Standing } from './model.ts'
import * as store from './store.ts'

/** Agreed items whose value differs from the one shown at the agreement. */
export async function changedValues(
  env: Env,
  resident: Resident,
  last: Standing,
): Promise<ItemId[]> {
  if (!last.consent.showingId) return []
  const shown = await store.showing(env.db, last.consent.showingId)
  if (!shown) return []
  return differing(resident, shown, last.consent.items)
}

/** Items whose value is another than the one this showing committed to. */
export function differing(
  resident: Resident,
  shown: store.ShowingRow,
  items: readonly { item: ItemId }[],
): ItemId[] {
  const salt = unseal(resident.dataKey, shown.salt, `showing:${shown.id}`)
  const { values } = JSON.parse(shown.canonical) as { values: Record<string, string | null> }
  return items
    .map(({ item }) => item)
    .filter((item) => item !== 'user_id')
    .filter((item) => (values[item] ?? null) !== valueCommitment(salt, item, resident))
}

function valueCommitment(salt: Buffer, item: ItemId, resident: Resident): string | null {
  const claims = claimsOf(item, resident.profile, resident.emailVerifiedAt !== null)
  return Object.keys(claims).length ? commitment(salt, canonical(claims as Json)) : null
}

export type Showing = {
  id: string
  resident: Resident
  offer: Offer
  reason: AskReason
  interactionUid: string | null
  language: Language
  pageHash: Buffer
  catalogue: Catalogue
}

/** What the screen said that no version elsewhere keeps: names of items and purposes, and who runs the installation. */
export type ShownWords = {
  items: Record<string, string>
  purposes: Record<string, string>
  legal_form: Installation['legalForm']
  consortium: string
  lead: string | null
  desk: string
}

function wordsOf(
  { legalForm, consortium, leadMember, contact }: Installation,
  showing: Showing,
): ShownWords {
  const { language, catalogue } = showing
  const named = (entries: readonly { id: string; names: Both }[]) =>
    Object.fromEntries(entries.map(({ id, names }) => [id, names[language]]))
  return {
    items: named(catalogue.items),
    purposes: named(catalogue.purposes),
    legal_form: legalForm,
    consortium: consortium[language],
    lead: leadMember?.[language] ?? null,
    desk: contact.desk[language],
  }
}

/** Records that the screen was served: what stood on it, in which text, with commitments to the values (S-28, P-02). */
export async function recordShowing(env: Env, showing: Showing): Promise<void> {
  const { id, resident, offer, language } = showing
  const shownAt = env.now()
  const salt = Buffer.from(env.newSecret(), 'base64url')
  const values: Record<string, string | null> = {}
  for (const { item } of offer.items) {
    values[item] =
      item === 'user_id'
        ? commitment(salt, subjectOf(env.secrets.pairwise, resident.userId, offer.service))
        : valueCommitment(salt, item, resident)
  }
  await store.insertShowing(env.db, {
    id,
    residentId: resident.id,
    serviceId: offer.service.service.id,
    interactionUid: showing.interactionUid,
    reason: showing.reason,
    canonical: canonical({
      id,
      shown_at: shownAt.toISOString(),
      subject: commitment(salt, resident.id),
      reason: showing.reason,
      language,
      template_hash: offer.template.hash[language].toString('hex'),
      page_hash: showing.pageHash.toString('hex'),
      ends_at: offer.endsAt.toISOString(),
      offer: offerFacts(offer),
      words: wordsOf(env.config.installation, showing),
      values,
    }),
    pageHash: showing.pageHash,
    salt: seal(resident.dataKey, salt, `showing:${id}`),
    shownAt,
  })
}
