/** /account/close (R13): what happens, the password, then the waiting page. */
import Router from '@koa/router'
import { knownAs } from '../http/cookies.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { clientAddress } from '../http/headers.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as closing from './actions.ts'
import type { OpenRequests } from './actions.ts'
import { closesAt, KEPT, waitingDays } from './model.ts'
import type { ClosePage, WaitingPage } from './pages.ts'
import { closeSchema } from './schema.ts'

const views = {
  close: page<ClosePage>('closing/close'),
  waiting: page<WaitingPage>('closing/waiting'),
}

const PATH = '/account/close'

export function routes(guards: Guards, openRequests: OpenRequests): Router<State> {
  const router = new Router<State>()
  const only = guards.resident
  const show = (ctx: Ctx, fields: Fields = {}) => showFor(ctx, openRequests, fields)
  router.get(PATH, only, (ctx) => show(ctx))
  router.post(PATH, only, async (ctx) => {
    const { residentId, sessionUid } = selfIn(ctx)
    const self = { residentId, sessionUid, address: clientAddress(ctx), device: knownAs(ctx) }
    try {
      const { password } = readForm(ctx, closeSchema)
      await closing.begin(ctx.state.env, self, password)
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
      return show(ctx, error.details.fields ?? {})
    }
    to(ctx, PATH)
  })
  router.post(`${PATH}/keep`, only, async (ctx) => {
    readForm(ctx, nothingSchema)
    await closing.callOff(ctx.state.env, selfIn(ctx).residentId)
    to(ctx, '/account?done=kept')
  })
  return router
}

function selfIn(ctx: Ctx) {
  if (!ctx.state.resident) throw new Refusal('sign_in_required')
  return ctx.state.resident
}

async function showFor(ctx: Ctx, openRequests: OpenRequests, fields: Fields): Promise<void> {
  const resident = await residents.find(ctx.state.env, selfIn(ctx).residentId)
  if (!resident) throw new Refusal('sign_in_required')
  const { env, language } = ctx.state
  const { kinds } = messages[language].rights
  const requests = (await openRequests(env, resident.id)).map(({ id, number, kind, dueAt }) => ({
    href: `/account/requests/${id}`,
    ...{ number, kind: kinds[kind], due: dueAt ? words(language).lastDay(dueAt) : undefined },
  }))
  if (resident.closesAt) return waiting(ctx, resident.closesAt, requests)
  await form(ctx, resident, { fields, requests })
}

function waiting(ctx: Ctx, at: Date, requests: WaitingPage['requests']): void {
  const { env, language } = ctx.state
  const daysLeft = Math.max(0, Math.ceil((at.getTime() - env.now().getTime()) / 86_400_000))
  views.waiting(ctx, { erasedAt: words(language).dateTime(at), daysLeft, requests })
}

async function form(
  ctx: Ctx,
  { id }: Resident,
  { fields, requests }: Pick<ClosePage, 'fields' | 'requests'>,
): Promise<void> {
  const { env, language } = ctx.state
  const days = waitingDays(env.config.installation)
  const services = await closing.toWithdraw(env, id)
  views.close(
    ctx,
    {
      services: services.map((one) => ({
        name: one.names[language],
        provider: one.provider[language],
      })),
      requests,
      days,
      erasedAt: words(language).dateTime(closesAt(env.now(), days)),
      kept: KEPT,
      fields,
    },
    { status: Object.keys(fields).length ? 422 : 200 },
  )
}
