/** Adding values a service needs, in the middle of its consent: only what it asks for and is not registered yet. */
import type { ItemId } from '../catalogue/model.ts'
import type { Question } from '../consents/asking.ts'
import type { Face } from '../consents/pages.ts'
import { faceOf } from '../consents/screen.ts'
import { readForm } from '../http/forms.ts'
import type { Ctx } from '../http/state.ts'
import { to } from '../http/redirect.ts'
import { page } from '../http/views.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import { claimsOf, type Typed } from '../residents/model.ts'
import { profileSchema } from '../residents/schema.ts'
import { type Interaction } from './step.ts'

export type ProfileStep = ReturnType<typeof residents.profileForm> & {
  service: Face
  /** The consent screen. */
  backHref: string
  lookedUp: boolean
}

const view = page<ProfileStep>('interaction/profile')

type Ask = (ctx: Ctx, details: Interaction) => Promise<Question>

export function profileSteps(ask: Ask) {
  const here = (details: Interaction) => `/interaction/${details.uid}`

  async function show(ctx: Ctx, details: Interaction): Promise<void> {
    const asked = await ask(ctx, details)
    render(ctx, details, asked, residents.typedOf(asked.resident.profile), {}, false, 200)
  }

  async function save(ctx: Ctx, details: Interaction): Promise<void> {
    const form = readForm(ctx, profileSchema)
    const asked = await ask(ctx, details)
    const typed = residents.typedIn(form)
    if (form.lookup !== undefined) {
      const found = residents.lookUp(typed)
      const wrong = Object.keys(found.fields).length > 0
      return render(ctx, details, asked, found.typed, found.fields, !wrong, wrong ? 422 : 200)
    }
    try {
      await residents.updateProfile(ctx.state.env, asked.resident.id, typed)
      to(ctx, here(details))
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
      render(ctx, details, asked, typed, error.details.fields ?? {}, false, 422)
    }
  }

  function render(
    ctx: Ctx,
    details: Interaction,
    asked: Question,
    typed: Typed,
    fields: Fields,
    lookedUp: boolean,
    status: number,
  ): void {
    const { language } = ctx.state
    const form = residents.profileForm(language, typed, fields, missingIn(asked))
    view(
      ctx,
      {
        ...form,
        service: faceOf(asked.offer.service, language),
        backHref: here(details),
        lookedUp,
      },
      { status },
    )
  }

  return { show, save }
}

/** Items of the offer that are not registered; the mail address always is. */
function missingIn({ offer, resident }: Question): ItemId[] {
  return offer.items
    .map((item) => item.item)
    .filter(
      (item) => item !== 'user_id' && !Object.keys(claimsOf(item, resident.profile, true)).length,
    )
}
