import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import { Refusal, type Fields } from '../refusal.ts'
import type { Seen } from '../reviews/actions.ts'
import { draftRoutes } from './draft_routes.ts'
import { detailPage, found, readerOf } from './detail.ts'
import { fieldsOf } from './form.ts'
import { faultsIn } from './rules.ts'
import { listPage } from './listing.ts'
import { turnOf } from './model.ts'
import { shown, type DetailPage, type ListPage, type PrintPage } from './pages.ts'
import { phaseRoutes } from './phase_routes.ts'
import * as proposing from './proposing.ts'
import { decideSchema } from '../reviews/schema.ts'
import { staffRoutes } from './staff_routes.ts'
import { askedOf } from './writing.ts'

const views = {
  list: page<ListPage>('contracts/list'),
  detail: page<DetailPage>('contracts/detail'),
  print: page<PrintPage>('contracts/print'),
}

const BASE = '/admin/contracts'
const DONE = ['drafted', 'edited', 'proposed', 'approved', 'returned', 'refused', 'withdrawn']

/** Contracts at the console and in the portal, and the governance phases. */
export function routes(_env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  const registrar = guards.operator('registrar')
  router.get(BASE, guards.operator(), async (ctx: Ctx) => {
    const mayDraft = ctx.state.operator?.roles.includes('registrar') ?? false
    views.list(ctx, await listPage(ctx, BASE, mayDraft))
  })
  draftRoutes(router, registrar)
  router.get(`${BASE}/:id`, guards.operator(), async (ctx) => {
    const done = DONE.find((one) => one === ctx.query['done']) ?? ''
    await show(ctx, idOf(ctx), { done })
  })
  router.get(`${BASE}/:id/print`, guards.operator(), async (ctx) => {
    views.print(ctx, await printPage(ctx, idOf(ctx)))
  })
  const approver = guards.operator('approver')
  router.post(`${BASE}/:id/propose`, registrar, (ctx) => decide(ctx, 'propose'))
  router.post(`${BASE}/:id/withdraw`, registrar, (ctx) => decide(ctx, 'withdraw'))
  router.post(`${BASE}/:id/approve`, approver, guards.confirmed, (ctx) => decide(ctx, 'approve'))
  router.post(`${BASE}/:id/return`, approver, guards.confirmed, (ctx) => decide(ctx, 'giveBack'))
  router.post(`${BASE}/:id/refuse`, approver, guards.confirmed, (ctx) => decide(ctx, 'refuse'))
  staffRoutes(router, guards)
  phaseRoutes(router, guards)
  return router
}

const idOf = (ctx: Ctx & { params?: Record<string, string> }) => ctx.params?.['id'] ?? ''

const VERBS = {
  propose: [proposing.propose, 'proposed'],
  withdraw: [declined('withdraw'), 'withdrawn'],
  approve: [proposing.approve, 'approved'],
  giveBack: [declined('giveBack'), 'returned'],
  refuse: [declined('refuse'), 'refused'],
} as const

function declined(which: 'withdraw' | 'giveBack' | 'refuse') {
  return (env: Env, seen: Seen) => proposing.turn(env, which, { ...seen, note: seen.note ?? '' })
}

/** Takes one step with exactly what was seen; what the rules say to it stands on the same page. */
async function decide(ctx: Ctx, verb: keyof typeof VERBS): Promise<void> {
  const { env, operator } = ctx.state
  const { hash, note = '' } = readForm(ctx, decideSchema)
  const { proposal } = await found(env, idOf(ctx))
  if (!operator) throw new Refusal('sign_in_required')
  if (!proposal) throw new Refusal('wrong_state')
  const needsNote = ['giveBack', 'refuse'].includes(verb)
  if (needsNote && !note.trim())
    return show(ctx, idOf(ctx), { fields: { note: 'note_required' } }, 422)
  const [work, done] = VERBS[verb]
  try {
    await work(env, { id: proposal.id, hash, by: operator, note: note.trim() })
  } catch (error) {
    const faults = faultsIn(error)
    if (!faults) throw error
    return show(ctx, idOf(ctx), { fields: fieldsOf(faults), note }, 422)
  }
  ctx.redirect(`${BASE}/${idOf(ctx)}?done=${done}`)
  ctx.status = 303
}

type Said = { done?: string; fields?: Fields; note?: string }

async function show(ctx: Ctx, id: string, said: Said, status = 200): Promise<void> {
  const whole = { done: '', fields: {}, note: '', ...said }
  views.detail(ctx, await detailPage(ctx, id, whole), { status })
}

/** The version whose turn it is, else what is proposed, on paper (S-52). */
async function printPage(ctx: Ctx, id: string): Promise<PrintPage> {
  const { env, language } = ctx.state
  const { contract, proposal, memberId } = await found(env, id)
  const now = contract && turnOf(contract, env.now())
  const asked = now ? askedOf(now) : proposal && proposing.askedIn(proposal)
  if (!asked) throw new Refusal('not_found')
  const c = messages[language].contracts
  const member = await members.byId(env, memberId)
  return {
    consortium: env.config.installation.consortium[language],
    company: member?.names[language] ?? '',
    contract: shown(asked, await readerOf(env, language)),
    version: now ? c.version(now.version) : c.states.draft,
    hash: now?.hash ?? proposal?.hash ?? '',
    printed: c.print.printed(words(language).dateTime(env.now())),
    back: `${BASE}/${id}`,
  }
}
