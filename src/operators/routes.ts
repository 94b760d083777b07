import { Router } from '@koa/router'
import type { Guards } from '../http/guards.ts'
import { listView, paged, readListing } from '../http/listing.ts'
import { fieldsIn, readForm } from '../http/forms.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { dayOf, startOfDay } from '../input/days.ts'
import { words } from '../locales/words.ts'
import type { OperatorRole } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import { appointment } from './form.ts'
import { hasRights, newName, rolesOn, type OperatorKept } from './model.ts'
import { oneRoutes } from './one_routes.ts'
import type { ListedOperator, NewOperatorPage, OperatorsPage, ProposalPage } from './pages.ts'
import { proposalPage } from './proposal_page.ts'
import { residentRoutes } from './resident_routes.ts'
import { approve, changeOf, propose } from './rights.ts'
import { decideSchema } from '../reviews/schema.ts'
import { appointSchema } from './schema.ts'
import * as store from './store.ts'
import { formIn, self, stateOf } from './shown.ts'

const views = {
  list: page<OperatorsPage>('operators/list'),
  appoint: page<NewOperatorPage>('operators/new'),
  proposal: page<ProposalPage>('operators/proposal'),
}

const PATH = '/admin/operators'
const SORTS = ['name', 'ends'] as const
const STATES = ['in_office', 'soon', 'invited', 'ended'] as const

/** The operators of the consortium, their rights, and the one resident a privacy officer may look up. */
export function routes(guards: Guards): Router<State> {
  const router = new Router<State>()
  const readers = guards.operator('administrator', 'approver', 'auditor')
  const only = guards.operator('administrator')
  const fresh = guards.confirmed
  router.get(PATH, readers, list)
  router.get(`${PATH}/new`, only, fresh, (ctx) => showNew(ctx))
  router.post(`${PATH}/new`, only, fresh, appoint)
  router.get(`${PATH}/proposals/:id`, readers, (ctx) => showProposal(ctx))
  router.post(`${PATH}/proposals/:id/approve`, only, fresh, (ctx) => decide(ctx, 'approve'))
  router.post(`${PATH}/proposals/:id/refuse`, only, fresh, (ctx) => decide(ctx, 'refuse'))
  router.post(`${PATH}/proposals/:id/withdraw`, only, (ctx) => decide(ctx, 'withdraw'))
  oneRoutes(router, guards)
  residentRoutes(router, guards)
  return router
}

async function list(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const listing = readListing(ctx, { sorts: SORTS, filters: STATES })
  const today = dayOf(env.now())
  const all = (await store.list(env.db)).filter((one) => {
    const fits = !listing.filter || stateOf(one, today) === listing.filter
    return fits && [one.name, one.email].some((text) => text.normalize('NFKC').includes(listing.q))
  })
  const key = ({ name, endsOn }: OperatorKept) => (listing.sort === 'ends' ? endsOn : name)
  all.sort((a, b) => key(a).localeCompare(key(b), language) * (listing.descending ? -1 : 1))
  const shown = paged(all, listing)
  const open = await reviews.list(env, { kinds: ['operator'], states: ['proposed'] })
  const has = (role: OperatorRole) => self(ctx).roles.includes(role)
  const { date, dateTime } = words(language)
  const named = new Map((await store.list(env.db)).map(({ id, name }) => [id, name]))
  views.list(ctx, {
    list: listView(PATH, listing, shown, SORTS),
    rows: shown.rows.map((one): ListedOperator => ({
      href: `${PATH}/${one.id}`,
      name: one.name,
      email: one.email,
      roles: hasRights(one, today) ? rolesOn(one, today) : one.lasting,
      lastDay: date(startOfDay(one.endsOn)),
      state: stateOf(one, today),
    })),
    proposals: open.map((proposal) => ({
      href: `${PATH}/proposals/${proposal.id}`,
      name: named.get(proposal.subjectId ?? '') ?? newName(proposal.body),
      change: changeOf(proposal).change,
      at: dateTime(proposal.changedAt),
    })),
    newHref: has('administrator') ? `${PATH}/new` : undefined,
    viewsHref: has('auditor') || has('privacy_officer') ? '/admin/residents/views' : undefined,
  })
}

function showNew(ctx: Ctx, fields: Fields = {}): void {
  const status = Object.keys(fields).length ? 422 : 200
  views.appoint(ctx, { form: formIn(ctx), fields }, { status })
}

async function appoint(ctx: Ctx): Promise<void> {
  const { env } = ctx.state
  try {
    const change = appointment(readForm(ctx, appointSchema), env.secrets.people, env.now())
    const { id } = await propose(env, { subjectId: env.newId(), change, by: self(ctx) })
    to(ctx, `${PATH}/proposals/${id}`)
  } catch (error) {
    showNew(ctx, fieldsIn(error))
  }
}

/** @throws Refusal not_found, also for a proposal of another room */
async function proposalIn(ctx: Ctx): Promise<Proposal> {
  const found = await reviews.find(ctx.state.env, String(ctx['params']['id']))
  if (found?.kind !== 'operator') throw new Refusal('not_found')
  return found
}

async function showProposal(ctx: Ctx, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const typed = ctx.state.body?.['note']
  const words = { language, note: typeof typed === 'string' ? typed : '', fields }
  const data = await proposalPage(env, await proposalIn(ctx), self(ctx), words)
  views.proposal(ctx, data, { status: Object.keys(fields).length ? 422 : 200 })
}

async function decide(ctx: Ctx, deed: 'approve' | 'refuse' | 'withdraw'): Promise<void> {
  const { env } = ctx.state
  const { id } = await proposalIn(ctx)
  const { hash, note } = readForm(ctx, decideSchema)
  const seen = { id, hash, by: self(ctx), note: note?.trim() ?? '' }
  if (deed === 'refuse' && !seen.note) return showProposal(ctx, { note: 'required' })
  if (deed === 'approve') await approve(env, seen)
  else if (deed === 'refuse') await reviews.refuse(env, seen)
  else await withdrawOwn(ctx, seen)
  to(ctx, `${PATH}/proposals/${id}`)
}

/** Only who stood for it takes it back. */
async function withdrawOwn(ctx: Ctx, seen: reviews.Seen): Promise<void> {
  const { env } = ctx.state
  const turns = await reviews.turns(env, seen.id)
  if (!turns.some(({ byId }) => byId === seen.by.id)) throw new Refusal('role_missing')
  await reviews.withdraw(env, seen)
}
