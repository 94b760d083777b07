/** Resuming a paused consent on the resident's own page: the same screen, the same record, a new agreement. */
import type { Catalogue } from '../catalogue/model.ts'
import { isItemId } from '../catalogue/model.ts'
import { readForm } from '../http/forms.ts'
import type { Ctx } from '../http/state.ts'
import { to } from '../http/redirect.ts'
import { page, pageHash } from '../http/views.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import { standing } from '../services/model.ts'
import * as consents from './actions.ts'
import { question, show as showScreen, type Question } from './asking.ts'
import { relation } from './compose.ts'
import type { View } from './overview.ts'
import type { ConsentPage } from './pages.ts'
import { answerSchema } from './schema.ts'

const screen = page<ConsentPage>('consents/resume')

type Enter = (ctx: Ctx) => Promise<{ resident: Resident; view: View }>
type Notice = ConsentPage['notice']

export function resumeSteps(catalogue: Catalogue, enter: Enter) {
  async function ask(ctx: Ctx): Promise<Question> {
    const { resident, view } = await enter(ctx)
    const { now: service, row } = await relation(ctx, resident, view)
    const state = standing(service, ctx.state.env.now())
    if (state !== 'ok') throw new Refusal(state)
    const before = [
      ...row.content.items.map((item) => item.item),
      ...row.content.declined.filter(isItemId),
    ]
    return question(ctx.state.env, resident, service, before)
  }

  async function render(
    ctx: Ctx,
    notice: Notice,
    ticked: readonly string[],
    status: number,
  ): Promise<void> {
    const asked = await ask(ctx)
    if (!asked.reason) return back(ctx, asked)
    await showScreen(ctx.state.env, asked, {
      catalogue,
      language: ctx.state.language,
      interactionUid: null,
      addHref: '/account/profile',
      ticked,
      frame: (shown) => ({
        shown,
        notice: notice ?? (asked.provision?.given ? undefined : 'provision_off'),
        switchHref: undefined,
        destination: undefined,
        refuseHref: `/account/services/${asked.offer.service.service.id}`,
      }),
      render: (data) => pageHash(screen(ctx, data, { status })),
    })
  }

  async function answer(ctx: Ctx): Promise<void> {
    const form = readForm(ctx, answerSchema)
    const picked = form.item === undefined ? [] : [form.item].flat()
    if (form.decision === undefined || form.shown === undefined)
      return render(ctx, undefined, picked, 200)
    const asked = await ask(ctx)
    const given = {
      resident: asked.resident,
      offer: asked.offer,
      showingId: form.shown,
      interactionUid: null,
    }
    if (form.decision === 'refuse') {
      await consents.refuse(ctx.state.env, given)
      return back(ctx, asked)
    }
    try {
      const consent = await consents.give(ctx.state.env, given, picked)
      back(ctx, asked, consent && 'resumed')
    } catch (error) {
      const again = error instanceof Refusal ? shownAgain(error) : undefined
      if (!again) throw error
      await render(ctx, again.notice, again.keep ? picked : [], again.status)
    }
  }

  return { show: (ctx: Ctx) => render(ctx, undefined, [], 200), answer }
}

/** To the page of the service, which says what was done. */
function back(ctx: Ctx, asked: Question, done?: 'resumed'): void {
  const here = `/account/services/${asked.offer.service.service.id}`
  to(ctx, done ? `${here}?done=${done}` : here)
}

/** Refusals after which the screen is shown anew instead of an error page. */
export function shownAgain(
  refusal: Refusal,
): { notice: Notice; status: number; keep: boolean } | undefined {
  const again: Record<string, { notice: Notice; status: number; keep: boolean }> = {
    stale_showing: { notice: 'stale', status: 409, keep: false },
    provision_off: { notice: 'provision_off', status: 409, keep: false },
    value_missing: { notice: 'missing', status: 422, keep: true },
  }
  return again[refusal.details.code ?? '']
}
