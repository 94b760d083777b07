/** Whether the company was told (R7). The room that tells lies to the right: app.ts hands its answer in. */
import type { Env } from '../env.ts'
import type { Ctx } from '../http/state.ts'
import { words } from '../locales/words.ts'
import { numberOf, type Consent } from './model.ts'
import type { ToldPage, ToldState, WithdrawnPage } from './pages.ts'
import * as store from './store.ts'

type Message = { type: string; at: Date; state: ToldState; deliveredAt: Date | null }

/** What one company was told of a resident, newest first; `takes`: how its service takes notices now. */
export type ToldOf = (
  env: Env,
  residentId: string,
  serviceId: string,
) => Promise<{ takes: 'push' | 'poll' | undefined; messages: Message[] }>

const ENDED = 'consent-withdrawn'

type Told = Awaited<ReturnType<ToldOf>>

/** How far the notice of an end is. Its message is made a moment after the end itself. */
function stateOf({ takes, messages }: Told, { agreedAt }: Consent): ToldState | 'none' {
  const message = messages.find(({ type, at }) => type === ENDED && at >= agreedAt)
  if (message) return message.state
  if (!takes) return 'none'
  return takes === 'poll' ? 'collect' : 'waiting'
}

/** The page after a withdrawal, with how far each notice is. */
export async function withTold(
  ctx: Ctx,
  toldOf: ToldOf,
  { page, done }: { page: WithdrawnPage; done: readonly Consent[] },
): Promise<WithdrawnPage> {
  const { env } = ctx.state
  const states = new Map<string, ToldState | 'none'>()
  for (const consent of done)
    states.set(
      numberOf(consent),
      stateOf(await toldOf(env, consent.residentId, consent.serviceId), consent),
    )
  const withdrawn = page.withdrawn.map((one) => {
    const told = states.get(one.number)
    return told ? { ...one, told } : one
  })
  return { ...page, withdrawn }
}

/** What a company was told, for the page of its service. */
export async function toldPage(
  ctx: Ctx,
  toldOf: ToldOf,
  { residentId, serviceId }: { residentId: string; serviceId: string },
): Promise<ToldPage> {
  const { env, language } = ctx.state
  const w = words(language)
  const told = await toldOf(env, residentId, serviceId)
  const last = (await store.newest(env.db, residentId, serviceId))?.consent
  const ended = last && ['withdrawn', 'paused'].includes(last.kind) ? last : undefined
  const isOnItsWay =
    ended && !told.messages.some(({ type, at }) => type === ENDED && at >= ended.agreedAt)
  const first =
    isOnItsWay && told.takes
      ? [{ type: ENDED, at: ended.agreedAt, state: stateOf(told, ended), deliveredAt: null }]
      : []
  return {
    takes: told.takes !== undefined,
    messages: [...first, ...told.messages].map(({ type, at, state, deliveredAt }) => ({
      type,
      at: w.dateTime(at),
      state,
      deliveredAt: deliveredAt ? w.dateTime(deliveredAt) : undefined,
    })),
  }
}

/** The same of every service, as JSON: the newest notice of each. */
export function withNewest<Card extends { serviceId: string }>(
  env: Env,
  toldOf: ToldOf,
  { residentId, cards }: { residentId: string; cards: readonly Card[] },
) {
  return Promise.all(
    cards.map(async (card) => {
      const { takes, messages } = await toldOf(env, residentId, card.serviceId)
      const [newest] = messages
      return {
        ...card,
        notices: {
          taken: takes !== undefined,
          newest: newest ? { about: newest.type, at: newest.at, state: newest.state } : null,
        },
      }
    }),
  )
}
