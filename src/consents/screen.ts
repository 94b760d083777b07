/** The consent screen's content, made from an offer: what stands on it is what can be released (S-28). */
import { itemNames, purposeNames, type Catalogue, type ItemId } from '../catalogue/model.ts'
import type { Installation } from '../installation.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { addressShown, birthYearShown, type Resident } from '../residents/model.ts'
import { subjectOf, type ServiceItem, type ServiceNow } from '../services/model.ts'
import { fill, type Template } from '../templates/model.ts'
import { limitsOf } from './limits.ts'
import type { AskReason, Offer, Standing } from './model.ts'
import type {
  Change,
  ConsentBody,
  ConsentPage,
  Face,
  LegalText,
  ShownItem,
  TextChange,
} from './pages.ts'

export type ScreenInput = {
  language: Language
  installation: Installation
  catalogue: Catalogue
  /** secrets.pairwise */
  pairwiseKey: Buffer
  resident: Resident
  offer: Offer
  reason: AskReason
  last: Standing | undefined
  /** Legal name of the company the last agreement was with. */
  formerProvider: string | undefined
  changedValues: readonly ItemId[]
  textChange: TextChange | undefined
  /** Where missing values are registered; undefined: nowhere on the way. */
  addHref: string | undefined
  /** Ticked before, on a page shown anew. */
  ticked: readonly string[]
}

export type ScreenFrame = Pick<
  ConsentPage,
  'shown' | 'notice' | 'switchHref' | 'destination' | 'refuseHref'
>

export function faceOf(now: ServiceNow, language: Language): Face {
  return {
    id: now.service.id,
    name: now.version.names[language],
    provider: now.member.names[language],
  }
}

/** One line with a value of the resident's own, in full; undefined where nothing is registered. */
export function valueOf(
  item: ItemId,
  resident: Resident,
  language: Language,
  subject: string,
): string | undefined {
  const { values } = messages[language].consents
  const p = resident.profile
  switch (item) {
    case 'user_id':
      return subject
    case 'name':
      return p.family_name && p.given_name && p.family_name_kana && p.given_name_kana
        ? values.name(p.family_name, p.given_name, `${p.family_name_kana} ${p.given_name_kana}`)
        : undefined
    case 'birth_year':
      return birthYearShown(p, language)
    case 'sex':
      return p.sex && messages[language].forms.sex[p.sex]
    case 'email':
      return values.email(p.email, resident.emailVerifiedAt !== null)
    case 'address':
      return addressShown(p, language)
  }
}

export function consentPage(input: ScreenInput, frame: ScreenFrame): ConsentPage {
  const { resident, reason, last, language } = input
  const { family_name, given_name, email } = resident.profile
  return {
    ...consentBody(input),
    ...frame,
    reason,
    since: last && sinceOf(reason, last, language),
    changes: last && reason !== 'new' ? changesOf(input, last) : [],
    textChange: input.textChange,
    person: family_name && given_name ? `${family_name} ${given_name}` : email,
  }
}

function sinceOf(reason: AskReason, { agreement, consent }: Standing, language: Language): string {
  const w = words(language)
  if (reason === 'expired') return w.lastDay(consent.endsAt)
  return w.date(
    reason === 'withdrawn' || reason === 'paused'
      ? (agreement.endedAt ?? consent.agreedAt)
      : consent.agreedAt,
  )
}

/** Everything agreed to; the same for a record of a showing. */
export function consentBody(input: ScreenInput): ConsentBody {
  const { offer, language, catalogue } = input
  const { version, member } = offer.service
  const offered = offer.items.map((item) => item.item)
  return {
    service: faceOf(offer.service, language),
    company: { address: member.address[language], representative: member.representative[language] },
    contact: { ...version.contact, desk: version.contact.desk[language] },
    termsUrl: version.termsUrl,
    policyUrl: version.policyUrl,
    items: offer.items.map((item) => shownItem(input, item)),
    notGiven: catalogue.items
      .filter((item) => !offered.includes(item.id))
      .map((item) => item.names[language]),
    texts: legalTexts(offer, language, input.installation),
  }
}

function shownItem(input: ScreenInput, asked: ServiceItem): ShownItem {
  const { language, resident, offer, last, catalogue } = input
  const before = last?.consent.items.find((item) => item.item === asked.item)
  const subject = subjectOf(input.pairwiseKey, resident.userId, offer.service)
  const value = valueOf(asked.item, resident, language, subject)
  return {
    id: asked.item,
    label: itemNames(catalogue.items, asked.item, offer.subjectType)[language],
    value,
    required: asked.required,
    purposes: asked.purposes.map((id) => purposeNames(catalogue.purposes, id)[language]),
    note: noteOf(asked, language),
    ticked: !asked.required && input.ticked.includes(asked.item),
    addHref: value === undefined ? input.addHref : undefined,
    isNew:
      last !== undefined &&
      last.agreement.endedAt === null &&
      !before &&
      !last.consent.declined.includes(asked.item),
    changed: input.changedValues.includes(asked.item) ? { then: undefined } : undefined,
    newPurposes: before
      ? asked.purposes
          .filter((id) => !before.purposes.includes(id))
          .map((id) => purposeNames(catalogue.purposes, id)[language])
      : [],
    limits: limitsOf(asked.bounds, before && (before.bounds ?? {}), language),
  }
}

function noteOf(asked: ServiceItem, language: Language): string | undefined {
  if (!asked.required) return asked.effects[language]
  return asked.bounds?.purposeWords ? undefined : asked.reasons[language]
}

function changesOf(input: ScreenInput, last: Standing): Change[] {
  const { offer, language, formerProvider } = input
  const { consents } = messages[language]
  const { consent } = last
  const changes: Change[] = []
  const provider = offer.service.member.names[language]
  if (consent.memberId !== offer.service.member.id)
    changes.push({ kind: 'provider', then: formerProvider ?? '—', now: provider })
  if (consent.subjectType !== offer.subjectType) {
    changes.push({
      kind: 'id_kind',
      then: consents.idKinds[consent.subjectType],
      now: consents.idKinds[offer.subjectType],
    })
  }
  const { textChange } = input
  if (textChange) {
    const same = consent.template === offer.template.template
    const name = ({ title, edition }: TextChange['now']) => (same ? edition : `${title} ${edition}`)
    changes.push({ kind: 'text', then: name(textChange.before), now: name(textChange.now) })
  }
  return changes
}

/** The template's sections for this service, filled; chosen by legal form, kind of ID and kind of service (S-39, S-58). */
export function legalTexts(
  offer: Offer,
  language: Language,
  installation: Installation,
): ConsentBody['texts'] {
  const own = offer.service.service.kind === 'own'
  const text = (id: string) =>
    legalText(offer.template, language, id, valuesFor(offer, language, installation))
  const variant = (id: string) => text(own ? `${id}_own` : id)
  return {
    intro: text('intro'),
    own: own ? text('own_service') : undefined,
    giver: text(`provider_${installation.legalForm}`),
    recipient: variant('recipient'),
    idKind: text(`id_${offer.subjectType}`),
    until: text('until'),
    keeping: text('keeping'),
    more: offer.template.sections[language]
      .filter(({ id }) => id.startsWith('more_'))
      .map(({ id }) => text(id)),
    notes: [text('note_terms'), variant('note_press'), variant('note_withdraw')],
    questions: variant('questions'),
    binding: text('binding'),
  }
}

export function legalText(
  template: Template,
  language: Language,
  id: string,
  values: Record<string, string>,
): LegalText {
  const { title, body } = fill(template, language, id, values)
  return { id, title, lines: body.split('\n').filter(Boolean) }
}

/** The values that sections of the consent template may name. */
export function valuesFor(
  offer: Offer,
  language: Language,
  installation: Installation,
): Record<string, string> {
  const { version, member } = offer.service
  return {
    service: version.names[language],
    provider: member.names[language],
    contact: version.contact.desk[language],
    until: words(language).lastDay(offer.endsAt),
    retention: version.retention[language],
    consortium: installation.consortium[language],
    lead: installation.leadMember?.[language] ?? '',
    desk: installation.contact.desk[language],
  }
}
