/** The record of one showing as a page: the text as it was, without the values (only commitments are kept). */
import { isItemId, type Catalogue } from '../catalogue/model.ts'
import type { Ctx } from '../http/state.ts'
import { isUuid } from '../input/ids.ts'
import type { Installation } from '../installation.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import type { Bounds, ServiceItem } from '../services/model.ts'
import { addressOf } from '../templates/model.ts'
import type { Offer } from './model.ts'
import type { View } from './overview.ts'
import type { ShowingPage } from './pages.ts'
import * as queries from './queries.ts'
import { consentBody } from './screen.ts'
import type { ShownWords } from './showing.ts'
import * as store from './store.ts'

/** The parts of a showing's canonical text that the page reads. */
type Recorded = {
  language: Language
  template_hash: string
  ends_at: string
  words: ShownWords
  offer: {
    template: string
    template_version: number
    service: string
    service_version: string
    member_version: string
    contract_version: string
    subject_type: 'public' | 'pairwise'
    items: {
      item: string
      version: number
      required: boolean
      purposes: string[]
      bounds?: Bounds
    }[]
  }
}

/** @throws Refusal not_found for any showing that is not this resident's */
export async function showingPage(ctx: Ctx, resident: Resident, view: View): Promise<ShowingPage> {
  const { env, language } = ctx.state
  const { serviceId, showingId } = ctx['params'] as { serviceId: string; showingId: string }
  if (!isUuid(showingId)) throw new Refusal('not_found')
  const shown = await store.showing(env.db, showingId)
  if (!shown || shown.residentId !== resident.id || shown.serviceId !== serviceId)
    throw new Refusal('not_found')
  const recorded = JSON.parse(shown.canonical) as Recorded
  const offer = await offerOfRecord(ctx, recorded)
  const w = words(language)
  const body = consentBody({
    language: recorded.language,
    ...asItWasNamed(recorded, env.config.installation, view.catalogue),
    pairwiseKey: env.secrets.pairwise,
    resident,
    offer,
    reason: 'new',
    last: undefined,
    formerProvider: undefined,
    changedValues: [],
    textChange: undefined,
    addHref: undefined,
    ticked: [],
  })
  const answer = await queries.answer(env.db, shown.id)
  return {
    ...body,
    items: body.items.map((item) => ({ ...item, value: undefined })),
    shownAt: w.dateTime(shown.shownAt),
    answer: answer && {
      decision: answer.decision,
      at: w.dateTime(answer.at),
      agreed: answer.items.filter(isItemId),
    },
    language: recorded.language,
    text: messages[language].consents.textVersion(
      offer.template.title[language],
      offer.template.version,
    ),
    textHref: addressOf(offer.template, recorded.language),
    templateHash: recorded.template_hash,
    pageHash: shown.pageHash.toString('hex'),
  }
}

/** Catalogue and installation with the words of that day, in the language of the screen. */
function asItWasNamed({ words: then }: Recorded, installation: Installation, catalogue: Catalogue) {
  const both = (text: string) => ({ ja: text, en: text })
  const { leadMember: _, ...rest } = installation
  return {
    installation: {
      ...rest,
      legalForm: then.legal_form,
      consortium: both(then.consortium),
      ...(then.lead !== null && { leadMember: both(then.lead) }),
      contact: { ...installation.contact, desk: both(then.desk) },
    },
    catalogue: {
      items: catalogue.items
        .filter(({ id }) => id in then.items)
        .map((item) => ({ ...item, names: both(then.items[item.id] ?? '') })),
      purposes: Object.entries(then.purposes).map(([id, name]) => ({
        id,
        version: 0,
        names: both(name),
      })),
    },
  }
}

async function offerOfRecord(ctx: Ctx, { offer, ends_at }: Recorded): Promise<Offer> {
  const { env } = ctx.state
  const then = await services.atVersions(env, {
    serviceVersionId: offer.service_version,
    memberVersionId: offer.member_version,
    contractVersionId: offer.contract_version,
  })
  if (!then) throw new Error('a showing names versions that do not exist')
  const items = offer.items.flatMap((row): ServiceItem[] => {
    const asked = then.version.items.find((item) => item.item === row.item)
    if (!asked) return []
    const { bounds: _, ...rest } = asked
    const { required, purposes, version: itemVersion, bounds } = row
    return [{ ...rest, required, purposes, itemVersion, ...(bounds && { bounds }) }]
  })
  return {
    service: then,
    items,
    template: env.templates.version(offer.template, offer.template_version),
    subjectType: offer.subject_type,
    endsAt: new Date(ends_at),
  }
}
