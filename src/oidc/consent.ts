/** The consent steps of an interaction: show, answer, what refusing means, adding a missing value on the way. */
import * as audit from '../audit/actions.ts'
import type { Catalogue, ItemId } from '../catalogue/model.ts'
import * as consents from '../consents/actions.ts'
import { question, show as showScreen, type Question } from '../consents/asking.ts'
import type { ConsentPage, RefusePage } from '../consents/pages.ts'
import { shownAgain } from '../consents/resume.ts'
import { answerSchema } from '../consents/schema.ts'
import { faceOf, legalText, valuesFor } from '../consents/screen.ts'
import { readForm } from '../http/forms.ts'
import type { Ctx } from '../http/state.ts'
import { to } from '../http/redirect.ts'
import { page, pageHash } from '../http/views.ts'
import { isUuid } from '../input/ids.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import { mayMeet } from '../services/model.ts'
import {
  finish,
  formActionOf,
  isReturnAlive,
  serviceIn,
  type Interaction,
  type Result,
} from './step.ts'
import { askedItems } from './scopes.ts'

const consentScreen = page<ConsentPage>('interaction/consent')
const refuseScreen = page<RefusePage>('interaction/refuse')

type Notice = ConsentPage['notice']

export function consentSteps(catalogue: Catalogue) {
  const here = (details: Interaction) => `/interaction/${details.uid}`

  async function ask(ctx: Ctx, details: Interaction): Promise<Question> {
    const service = await serviceIn(ctx, details)
    const resident = await whoIsAsked(ctx, details)
    if (!mayMeet(service, resident.testMemberId ?? null)) throw new Refusal('other_side')
    const asked = await question(
      ctx.state.env,
      resident,
      service,
      askedItems(details.params, catalogue.items),
    )
    if (!asked.offer.items.some((item) => item.item === 'user_id'))
      throw new Refusal('item_over_ceiling')
    return asked
  }

  async function show(
    ctx: Ctx,
    details: Interaction,
    notice?: Notice,
    ticked: string[] = [],
    status = 200,
  ) {
    const asked = await ask(ctx, details)
    const { service } = asked.offer
    await showScreen(ctx.state.env, asked, {
      catalogue,
      language: ctx.state.language,
      interactionUid: details.uid,
      addHref: `${here(details)}/profile`,
      ticked,
      frame: (shown) => ({
        shown,
        notice: notice ?? (asked.provision?.given ? undefined : 'provision_off'),
        switchHref: `${here(details)}/switch`,
        destination:
          new URL(String(details.params['redirect_uri'])).host ||
          String(details.params['redirect_uri']),
        refuseHref: `${here(details)}/refuse?shown=${shown}`,
      }),
      render: (data) =>
        pageHash(consentScreen(ctx, data, { status, formAction: formActionOf(service) })),
    })
  }

  async function answer(ctx: Ctx, details: Interaction): Promise<void> {
    const { env } = ctx.state
    const form = readForm(ctx, answerSchema)
    const picked = form.item === undefined ? [] : [form.item].flat()
    if (form.decision === undefined) return show(ctx, details, undefined, picked)
    if (form.shown === undefined)
      throw new Refusal('invalid_input', { fields: { shown: 'required' } })
    const asked = await ask(ctx, details)
    const given = {
      resident: asked.resident,
      offer: asked.offer,
      showingId: form.shown,
      interactionUid: details.uid,
    }
    const alive = isReturnAlive(asked.offer.service, details)
    if (form.decision === 'refuse') {
      const refused = await consents.refuse(env, given)
      if (!alive) return showAnswered(ctx, asked)
      return finish(
        ctx,
        details,
        refused ? { error: 'access_denied' } : ({ consent: {} } as Result),
      )
    }
    if (!alive) throw new Refusal('return_address_dead')
    try {
      const consent = await consents.give(env, given, picked)
      await finish(ctx, details, consent ? ({ consent: {} } as Result) : { error: 'access_denied' })
    } catch (error) {
      const again = error instanceof Refusal ? shownAgain(error) : undefined
      if (!again) {
        if (error instanceof Refusal) await noteTampering(ctx, asked.resident, error)
        throw error
      }
      await show(ctx, details, again.notice, again.keep ? picked : [], again.status)
    }
  }

  async function showRefusing(ctx: Ctx, details: Interaction): Promise<void> {
    const asked = await ask(ctx, details)
    const shown = ctx.query['shown']
    if (!isUuid(shown)) return to(ctx, here(details))
    refuseScreen(
      ctx,
      { ...refusing(ctx, asked), shown, consentHref: here(details), serviceHref: undefined },
      { formAction: formActionOf(asked.offer.service) },
    )
  }

  /** Refused, but the service has no address any more to be told at (R3). */
  function showAnswered(ctx: Ctx, asked: Question): void {
    const { url } = asked.offer.service.member.contact
    refuseScreen(ctx, {
      ...refusing(ctx, asked),
      shown: undefined,
      consentHref: '',
      serviceHref: url,
    })
  }

  function refusing(
    ctx: Ctx,
    { offer }: Question,
  ): Pick<RefusePage, 'service' | 'text' | 'optional'> {
    const { env, language } = ctx.state
    const values = valuesFor(offer, language, env.config.installation)
    return {
      service: faceOf(offer.service, language),
      text: legalText(offer.template, language, 'refusing', values),
      optional: offer.items
        .filter((item) => !item.required)
        .map((item) => ({
          label: labelOf(catalogue, item.item, language),
          effect: item.effects[language],
        })),
    }
  }

  return { ask, show, answer, showRefusing }
}

/** @throws Refusal interaction_expired where the account of the interaction is gone */
async function whoIsAsked(ctx: Ctx, details: Interaction): Promise<Resident> {
  const { accountId } = (details.session ?? {}) as { accountId?: string }
  const resident =
    accountId === undefined ? undefined : await residents.byUserId(ctx.state.env, accountId)
  if (!resident) throw new Refusal('interaction_expired')
  return resident
}

/** A post that no page of ours could have sent leaves a trace (F3). */
async function noteTampering(ctx: Ctx, resident: Resident, refusal: Refusal): Promise<void> {
  await audit.record(ctx.state.env, {
    actor: { kind: 'resident', id: resident.id },
    act: 'consents.answer_declined',
    details: { reason: refusal.reason, code: refusal.details.code ?? null },
  })
}

function labelOf(catalogue: Catalogue, item: ItemId, language: 'ja' | 'en'): string {
  return catalogue.items.find((entry) => entry.id === item)?.names[language] ?? item
}
