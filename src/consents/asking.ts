/** One showing of the consent screen, for an interaction or for the resident's own page: made, rendered, recorded. */
import type { Catalogue, ItemId } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import * as members from '../members/actions.ts'
import type { Resident } from '../residents/model.ts'
import { consentText, type ServiceNow } from '../services/model.ts'
import * as actions from './actions.ts'
import { isInForce, offerOf, type AskReason, type Offer } from './model.ts'
import type { ConsentPage } from './pages.ts'
import { consentPage, type ScreenFrame } from './screen.ts'
import { textChange } from './text_change.ts'

/** What is to be shown: the offer, why, and what stood before. */
export type Question = actions.Asking & { offer: Offer; resident: Resident; asksFor: AskReason }

/**
 * Makes the offer to show: what is asked now and, where a consent is in force, everything in force with it (rule 8).
 *
 * @param asked items of this request
 */
export async function question(
  env: Env,
  resident: Resident,
  service: ServiceNow,
  asked: readonly ItemId[],
): Promise<Question> {
  const at = env.now()
  const template = env.templates.inForce(consentText(service, env.config.installation), at)
  const narrow = offerOf(service, asked, template, at)
  const asking = await actions.asking(env, resident, narrow)
  const { last, provision } = asking
  const inForce =
    last && isInForce(last, provision, at) ? last.consent.items.map((item) => item.item) : []
  const offer = inForce.length ? offerOf(service, [...asked, ...inForce], template, at) : narrow
  return { ...asking, offer, resident, asksFor: asking.reason ?? 'asked_by_service' }
}

export type Show = {
  catalogue: Catalogue
  language: Language
  interactionUid: string | null
  addHref: string | undefined
  ticked: readonly string[]
  frame: (showingId: string) => ScreenFrame
  /** Renders the page; returns the hash of its main part. */
  render: (page: ConsentPage) => Buffer
}

/** The screen's content, the same for a real showing and for a preview. */
export async function compose(
  env: Env,
  asked: Question,
  how: Omit<Show, 'render' | 'interactionUid' | 'frame'> & { frame: ScreenFrame },
): Promise<ConsentPage> {
  const { offer, resident, last } = asked
  const changed = last ? await actions.changedValues(env, resident, last) : []
  return consentPage(
    {
      language: how.language,
      installation: env.config.installation,
      catalogue: how.catalogue,
      pairwiseKey: env.secrets.pairwise,
      resident,
      offer,
      reason: asked.asksFor,
      last,
      formerProvider: await formerProvider(env, asked, how.language),
      changedValues: changed,
      textChange: textChange(env, offer, last, how.language),
      addHref: how.addHref,
      ticked: how.ticked,
    },
    how.frame,
  )
}

/** Renders the screen and records that it was served; the answer names this showing. */
export async function show(env: Env, asked: Question, how: Show): Promise<void> {
  const id = env.newId()
  const { offer, resident } = asked
  const page = await compose(env, asked, { ...how, frame: how.frame(id) })
  const pageHash = how.render(page)
  await actions.recordShowing(env, {
    id,
    resident,
    offer,
    reason: asked.asksFor,
    interactionUid: how.interactionUid,
    language: how.language,
    pageHash,
    catalogue: how.catalogue,
  })
}

async function formerProvider(
  env: Env,
  { last, offer }: Question,
  language: Language,
): Promise<string | undefined> {
  if (!last || last.consent.memberId === offer.service.member.id) return undefined
  return (await members.byId(env, last.consent.memberId))?.names[language]
}
