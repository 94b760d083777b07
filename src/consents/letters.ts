/** Letters to the resident about a consent, in the transaction of its version, each with its signed receipt (R9, field 12, 22). */
import type { Env } from '../env.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import type { Attachment } from '../notices/model.ts'
import * as receipts from '../receipts/actions.ts'
import type { Receipt } from '../receipts/model.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import { numberOf, type Consent } from './model.ts'

/** What was agreed to, now or anew: which items by name, until when, how to stop. */
export async function tellAgreed(env: Env, resident: Resident, consent: Consent): Promise<void> {
  const { language, profile } = resident
  const [sealed] = await receiptsOf(env, resident, [consent])
  if (!sealed) return
  const { receipt, attachment } = sealed
  await notices.send(env, {
    to: profile.email,
    language,
    letter: consent.kind === 'given' ? 'consent_given' : 'consent_changed',
    values: {
      at: words(language).dateTime(consent.agreedAt),
      service: serviceIn(receipt, resident),
      items: receipt.pii_processing.pii_information.map(
        ({ item, name }) => name?.[language] ?? item,
      ),
      until: words(language).lastDay(consent.endsAt),
      contact: contactIn(receipt, resident),
      link: linkTo(env, consent),
    },
    attachments: [attachment],
    ...(await residents.notMeLink(env, resident)),
  })
}

export async function tellPaused(env: Env, resident: Resident, consent: Consent): Promise<void> {
  const { language, profile } = resident
  const [sealed] = await receiptsOf(env, resident, [consent])
  if (!sealed) return
  await notices.send(env, {
    to: profile.email,
    language,
    letter: 'consent_paused',
    values: {
      at: words(language).dateTime(consent.agreedAt),
      service: serviceIn(sealed.receipt, resident),
      contact: contactIn(sealed.receipt, resident),
      link: linkTo(env, consent),
    },
    attachments: [sealed.attachment],
    ...(await residents.notMeLink(env, resident)),
  })
}

/**
 * One letter for what was withdrawn together.
 *
 * @param deletionDue when the companies' answers are due, exclusive; undefined where nothing was to be erased
 */
export async function tellWithdrawn(
  env: Env,
  resident: Resident,
  done: readonly Consent[],
  deletionDue: Date | undefined,
): Promise<void> {
  const { language, profile } = resident
  const sealed = await receiptsOf(env, resident, done)
  if (!sealed.length) return
  await notices.send(env, {
    to: profile.email,
    language,
    letter: letterOf(done[0]),
    values: {
      link: `${env.config.issuer}/account/services`,
      at: words(language).dateTime(done[0]?.agreedAt ?? env.now()),
      services: sealed.map(
        ({ receipt }) => `${serviceIn(receipt, resident)} ${contactIn(receipt, resident)}`,
      ),
      number: words(language).list(done.map(numberOf)),
      request: done[0]?.onRequest ?? '',
      deletionDue: deletionDue ? words(language).lastDay(deletionDue) : '',
    },
    attachments: sealed.map(({ attachment }) => attachment),
    ...(await residents.notMeLink(env, resident)),
  })
}

/** What the letter says depends on who ended it. */
function letterOf(done: Consent | undefined) {
  if (done?.actedBy === 'service') return 'withdrawn_by_service'
  return done?.actedBy === 'operator' ? 'withdrawn_on_request' : 'withdrawn'
}

/** The signed receipts of versions, for a letter that another room writes. */
export async function receiptFiles(
  env: Env,
  resident: Resident,
  consents: readonly Consent[],
): Promise<Attachment[]> {
  return (await receiptsOf(env, resident, consents)).map(({ attachment }) => attachment)
}

type Sealed = { receipt: Receipt; attachment: Attachment }

/** The receipts as signed files; none for made-up people, whom no mail reaches. */
async function receiptsOf(
  env: Env,
  resident: Resident,
  consents: readonly Consent[],
): Promise<Sealed[]> {
  if (!notices.reaches(resident.profile.email)) return []
  const whose = { residentId: resident.id, userId: resident.userId }
  const all: Sealed[] = []
  for (const { id } of consents) {
    const found = await receipts.find(env, whose, id)
    if (!found) continue
    const text = await receipts.sign(env, found.receipt)
    const attachment = { name: `receipt-${id}.jws`, type: 'application/jose', text }
    all.push({ receipt: found.receipt, attachment })
  }
  return all
}

function serviceIn(receipt: Receipt, { language }: Resident): string {
  const provider = receipt.party_identification[0]?.party_name[language] ?? ''
  return messages[language].frame.named(receipt.pii_processing.service.name[language], provider)
}

/** Whom to ask at the company (S-34). */
function contactIn(receipt: Receipt, { language }: Resident): string {
  const { desk, phone, email } = receipt.party_identification[0]?.party_contact ?? {}
  return [desk?.[language], phone || email].filter(Boolean).join(' ')
}

const linkTo = (env: Env, consent: Consent) => `${env.config.issuer}/account/receipts/${consent.id}`
