import { Router } from '@koa/router'
import { cookie, putCookie } from '../http/cookies.ts'
import { readForm } from '../http/forms.ts'
import { clientAddress } from '../http/headers.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { words } from '../locales/words.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import { typedApplication, type Typed } from './application.ts'
import { apply, applicationOf, correct, numberOf, withdraw } from './applying.ts'
import type { ApplyPage, SentPage, StatePage, Values } from './company_pages.ts'
import { decideSchema } from '../reviews/schema.ts'
import { applySchema, correctSchema } from './forms.ts'
import { opened } from './links.ts'

const views = {
  apply: page<ApplyPage>('members/apply'),
  sent: page<SentPage>('members/apply_sent'),
  state: page<StatePage>('members/apply_state'),
}

const PATH = '/company/apply'
const LINK = { name: 'application', path: PATH, minutes: 120 } as const

/** The application, open to everybody; a mail's link leads back to it without its secret in the address (H19, I5). */
export function applyRoutes(router: Router<State>): void {
  router.get(PATH, (ctx) => {
    views.apply(ctx, { values: {}, fields: {}, correcting: undefined })
  })
  router.post(PATH, send)
  router.get(`${PATH}/sent`, (ctx) => {
    const number = String(ctx.query['number'])
    if (!/^K-[0-9A-F]{8}$/.test(number)) throw new Refusal('not_found')
    views.sent(ctx, { number })
  })
  router.get(`${PATH}/open/:secret`, (ctx) => {
    const { path, minutes } = LINK
    putCookie(ctx, LINK.name, String(ctx['params']['secret']), { path, maxAge: minutes * 60 })
    to(ctx, `${PATH}/state`)
  })
  router.get(`${PATH}/state`, showState)
  router.get(`${PATH}/correct`, async (ctx) => {
    const proposal = await mine(ctx)
    const application = applicationOf(proposal)
    if (proposal.state !== 'returned' || !application) return to(ctx, `${PATH}/state`)
    await showCorrection(ctx, proposal, typedApplication(application))
  })
  router.post(`${PATH}/correct`, sendCorrection)
  router.post(`${PATH}/withdraw`, async (ctx) => {
    await withdraw(ctx.state.env, secretIn(ctx), readForm(ctx, decideSchema).hash)
    to(ctx, `${PATH}/state`)
  })
}

/** The fields of a form that was refused for what it says; anything else goes on. */
export function wrongFields(error: unknown): Fields {
  const fields = error instanceof Refusal && error.details.fields
  if (error instanceof Refusal && error.reason === 'invalid_input' && fields) return fields
  throw error
}

/** What was typed, to be shown again; what is no text is left out. */
export function typedIn(ctx: Ctx): Values {
  return Object.fromEntries(
    Object.entries(ctx.state.body ?? {}).filter(([, value]) => typeof value === 'string'),
  ) as Values
}

async function send(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  try {
    const typed = readForm(ctx, applySchema) as Typed
    const { id } = await apply(env, typed, { language, address: clientAddress(ctx) })
    to(ctx, `${PATH}/sent?number=${numberOf(id)}`)
  } catch (error) {
    const fields = wrongFields(error)
    views.apply(ctx, { values: typedIn(ctx), fields, correcting: undefined }, { status: 422 })
  }
}

async function sendCorrection(ctx: Ctx): Promise<void> {
  const { env } = ctx.state
  try {
    const { hash, ...typed } = readForm(ctx, correctSchema) as Typed & { hash: string }
    await correct(env, secretIn(ctx), { typed, hash })
    to(ctx, `${PATH}/state`)
  } catch (error) {
    const fields = wrongFields(error)
    await showCorrection(ctx, await mine(ctx), typedIn(ctx), fields)
  }
}

async function showCorrection(ctx: Ctx, proposal: Proposal, values: Values, fields: Fields = {}) {
  const note = (await noteOf(ctx, proposal)) ?? ''
  const correcting = { hash: proposal.hash, note, number: numberOf(proposal.id) }
  const status = Object.keys(fields).length ? 422 : 200
  views.apply(ctx, { values, fields, correcting }, { status })
}

async function showState(ctx: Ctx): Promise<void> {
  const { language } = ctx.state
  const proposal = await mine(ctx)
  const { id, state, hash, createdAt } = proposal
  views.state(ctx, {
    number: numberOf(id),
    company: applicationOf(proposal)?.profile.names[language] ?? '',
    sentAt: words(language).dateTime(createdAt),
    state,
    note: await noteOf(ctx, proposal),
    hash,
  })
}

/** What the operator wrote last, where that is why it stands as it does. */
async function noteOf(ctx: Ctx, { id, state }: Proposal): Promise<string | undefined> {
  if (state !== 'returned' && state !== 'refused') return undefined
  const turns = await reviews.turns(ctx.state.env, id)
  return turns.findLast(({ turn }) => turn === state)?.note ?? undefined
}

/** @throws Refusal link_expired */
function secretIn(ctx: Ctx): string {
  const secret = cookie(ctx, LINK.name, LINK.path)
  if (!secret || !/^[\w-]{43}$/.test(secret)) throw new Refusal('link_expired')
  return secret
}

const mine = (ctx: Ctx) => opened(ctx.state.env, secretIn(ctx))
