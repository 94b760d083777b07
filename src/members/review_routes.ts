import { Router } from '@koa/router'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import type { Env } from '../env.ts'
import { messages } from '../locales/index.ts'
import { CONFIRMED_SECONDS } from '../people/model.ts'
import { isUuid } from '../input/ids.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { hadAHand, type Proposal } from '../reviews/model.ts'
import type { Application } from './application.ts'
import { applicationOf, numberOf } from './applying.ts'
import { wrongFields, typedIn } from './apply_routes.ts'
import {
  askToLeave,
  changeOf,
  openChange,
  propose as proposeChange,
  type Change,
} from './changing.ts'
import {
  applicationSections,
  differences,
  turnLines,
  type ChangePage,
  type ReviewPage,
} from './company_pages.ts'
import * as deciding from './deciding.ts'
import { decideSchema } from '../reviews/schema.ts'
import { leaveSchema, profileChangeSchema } from './forms.ts'
import { warnings } from './names.ts'
import { typedProfile, type Typed } from './application.ts'
import * as reading from './console_queries.ts'
import * as queries from './queries.ts'

const views = {
  review: page<ReviewPage>('members/review'),
  change: page<ChangePage>('members/change'),
  leave: page<ChangePage>('members/leave'),
}

/** Where somebody shows a second factor anew before a decision; undefined while the last one is fresh (J6). */
export function confirmHref(ctx: Ctx): string | undefined {
  const { env, operator, staff } = ctx.state
  const here = operator ?? staff
  // Half a minute is left to read and press.
  const oldest = env.now().getTime() - (CONFIRMED_SECONDS - 30) * 1000
  if (here && here.confirmedAt.getTime() > oldest) return undefined
  return `/${operator ? 'admin' : 'company'}/confirm?to=${encodeURIComponent(ctx.path)}`
}

type Step = (env: Env, seen: deciding.Seen) => Promise<void>

/** Applications and changes of companies: two persons (J4). */
export function reviewRoutes(router: Router<State>, guards: Guards): void {
  const either = guards.operator('registrar', 'approver')
  const registrar = guards.operator('registrar')
  router.get('/admin/applications/:id', guards.operator(), (ctx) => show(ctx))
  router.post('/admin/applications/:id/return', either, decide(deciding.giveBack))
  router.post('/admin/applications/:id/refuse', either, decide(deciding.refuse))
  router.post('/admin/applications/:id/propose', registrar, decide(deciding.propose))
  router.post(
    '/admin/applications/:id/approve',
    guards.operator('approver'),
    guards.confirmed,
    decide(deciding.approve),
  )
  router.get('/admin/members/:id/change', registrar, async (ctx) => {
    const { member } = await need(ctx)
    await form(ctx, 'change', member, typedProfile(member))
  })
  router.post('/admin/members/:id/change', registrar, (ctx) =>
    handIn(ctx, 'change', () => readForm(ctx, profileChangeSchema) as Typed),
  )
  router.get('/admin/members/:id/leave', registrar, async (ctx) => {
    await form(ctx, 'leave', (await need(ctx)).member, {})
  })
  router.post('/admin/members/:id/leave', registrar, (ctx) =>
    handIn(ctx, 'leave', () => readForm(ctx, leaveSchema) as Typed),
  )
}

async function need(ctx: Ctx) {
  const found = await queries.oneById(
    ctx.state.env.db,
    String(ctx['params']['id']),
    ctx.state.env.now(),
  )
  if (!found) throw new Refusal('not_found')
  return found
}

async function form(
  ctx: Ctx,
  view: 'change' | 'leave',
  { id, names }: { id: string; names: { ja: string; en: string } },
  values: ChangePage['values'],
  fields: Fields = {},
): Promise<void> {
  const open = await openChange(ctx.state.env, id)
  const returned = open?.state === 'returned' ? open : undefined
  const given = {
    company: names[ctx.state.language],
    action: `/admin/members/${id}/${view}`,
    back: `/admin/members/${id}`,
    desk: true,
    values,
    fields,
    hash: returned?.hash,
    note: undefined,
    confirmHref: undefined,
  }
  views[view](ctx, given, { status: Object.keys(fields).length ? 422 : 200 })
}

async function handIn(ctx: Ctx, view: 'change' | 'leave', read: () => Typed): Promise<void> {
  const { env, operator: by } = ctx.state
  const { member } = await need(ctx)
  if (!by) throw new Refusal('sign_in_required')
  try {
    const { hash, ...typed } = read()
    const asked = { memberId: member.id, by, typed, hash }
    const { id } = await (view === 'change' ? proposeChange(env, asked) : askToLeave(env, asked))
    to(ctx, `/admin/applications/${id}`)
  } catch (error) {
    await form(ctx, view, member, typedIn(ctx), wrongFields(error))
  }
}

function decide(step: Step) {
  return async (ctx: Ctx): Promise<void> => {
    const { env, operator: by } = ctx.state
    const id = String(ctx['params']['id'])
    if (!by || !isUuid(id)) throw new Refusal('not_found')
    try {
      const { hash, note } = readForm(ctx, decideSchema)
      await step(env, { id, hash, by, note })
      to(ctx, `/admin/applications/${id}`)
    } catch (error) {
      await show(ctx, wrongFields(error))
    }
  }
}

async function show(ctx: Ctx, fields: Fields = {}): Promise<void> {
  const { env, language, operator } = ctx.state
  const proposal = await deciding.need(env, String(ctx['params']['id']))
  const turns = await reviews.turns(env, proposal.id)
  const names = await reading.peopleNames(env.db, turns.map(({ byId }) => byId).filter(isUuid))
  const application = applicationOf(proposal)
  const content = application
    ? await ofApplication(ctx, proposal, application)
    : await ofChange(ctx, proposal, changeOf(proposal))
  const own = hadAHand(turns, operator?.id)
  const status = Object.keys(fields).length ? 422 : 200
  const { id, state, hash } = proposal
  const asked = ctx.path.split('/').at(-1)
  const failed = (['return', 'refuse'] as const).find((name) => name === asked)
  const shown = {
    failed,
    id,
    state,
    hash,
    number: numberOf(id),
    own,
    fields,
    note: typedIn(ctx)['note'] ?? '',
  }
  const may = mayOf(operator?.roles ?? [], state)
  const more = { turns: turnLines(turns, names, language), may, confirmHref: confirmHref(ctx) }
  views.review(ctx, { ...content, ...shown, ...more }, { status })
}

function mayOf(roles: readonly string[], state: Proposal['state']): ReviewPage['may'] {
  const [registrar, approver] = [roles.includes('registrar'), roles.includes('approver')]
  const open = state === 'submitted' || state === 'proposed'
  return {
    propose: registrar && state === 'submitted',
    giveBack: (registrar || approver) && open,
    refuse: (registrar || approver) && open,
    approve: approver && state === 'proposed',
  }
}

type Content = Pick<
  ReviewPage,
  'kind' | 'company' | 'memberHref' | 'sections' | 'differences' | 'reason' | 'warnings'
>

async function ofApplication(
  ctx: Ctx,
  proposal: Proposal,
  application: Application,
): Promise<Content> {
  const { env, language } = ctx.state
  const { review } = messages[language].companies
  const over = ['approved', 'refused', 'withdrawn'].includes(proposal.state)
  const found = over ? [] : await warnings(env, proposal, application)
  return {
    kind: 'application',
    company: application.profile.names[language],
    memberHref: proposal.state === 'approved' ? `/admin/members/${proposal.subjectId}` : undefined,
    sections: applicationSections(application, language),
    differences: [],
    reason: undefined,
    warnings: found.map((warning) => review.warnings[warning]),
  }
}

async function ofChange(
  ctx: Ctx,
  proposal: Proposal,
  change: Change | undefined,
): Promise<Content> {
  const { env, language } = ctx.state
  const found = await queries.oneById(env.db, proposal.memberId ?? '', env.now())
  if (!found || !change) throw new Refusal('not_found')
  const { member } = found
  const after = change.change === 'left' ? member : { ...change.profile, contact: member.contact }
  return {
    kind: change.change,
    company: member.names[language],
    memberHref: `/admin/members/${member.id}`,
    sections: [],
    differences: differences(member, after, language),
    reason: change.note,
    warnings: [],
  }
}
