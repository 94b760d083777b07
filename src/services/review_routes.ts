/** The console's page of one review (A3): examine, propose, approve, give back, refuse. */
import type { Router } from '@koa/router'
import { catalogue } from '../catalogue/actions.ts'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import type { Choice, Decide } from '../http/parts.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import type { Env } from '../env.ts'
import { messages } from '../locales/index.ts'
import * as operators from '../operators/actions.ts'
import type { OperatorHere } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { hadAHand, type Proposal, type Turn } from '../reviews/model.ts'
import { decideSchema } from '../reviews/schema.ts'
import { wholeFaults } from './draft_rules.ts'
import type { Proposed, ServiceNow } from './model.ts'
import { asProposed } from './preview.ts'
import * as review from './review.ts'
import * as store from './review_store.ts'
import { examinedIn, examineSchema, typedOf } from './review_form.ts'
import { saidIn } from './review_model.ts'
import {
  askedItems,
  shownClauses,
  shownDifferences,
  shownMatrix,
  type ReviewPage,
  type Typed,
} from './review_pages.ts'

const view = page<ReviewPage>('services/review')

/** Who would be asked again: counted by the room of consents, which stands to the right. */
export type AskedAgain = (
  env: Env,
  proposed: ServiceNow,
  at: Date,
) => Promise<{ inForce: number; again: number; reasons: string[] }>

const BASE = '/admin/reviews/:id'

export function reviewRoutes(router: Router<State>, guards: Guards, askedAgain: AskedAgain): void {
  const either = guards.operator('registrar', 'approver')
  const show = (ctx: Ctx, said: Said = {}) => showReview(ctx, askedAgain, said)
  router.get(BASE, guards.operator(), (ctx) => show(ctx))
  router.post(`${BASE}/examine`, guards.operator('registrar'), (ctx) => examine(ctx, show))
  const decide = (step: Step, done: string) => (ctx: Ctx) => decided(ctx, { step, done, show })
  router.post(`${BASE}/return`, either, decide(review.giveBack, 'returned'))
  router.post(`${BASE}/refuse`, either, decide(review.refuse, 'refused'))
  router.post(
    `${BASE}/approve`,
    guards.operator('approver'),
    guards.confirmed,
    decide(review.approve, 'approved'),
  )
}

type Step = (env: Env, seen: review.Seen) => Promise<void>
type Said = { fields?: Fields; typed?: Typed; note?: string }
type Show = (ctx: Ctx, said?: Said) => Promise<void>

const idOf = (ctx: Ctx) => String((ctx as Ctx & { params: { id: string } }).params.id)

function operatorOf(ctx: Ctx): OperatorHere {
  if (!ctx.state.operator) throw new Refusal('sign_in_required')
  return ctx.state.operator
}

async function examine(ctx: Ctx, show: Show): Promise<void> {
  const { env } = ctx.state
  const id = idOf(ctx)
  const typed = typedOf(ctx.state.body)
  try {
    const { hash } = readForm(ctx, examineSchema)
    const { asked } = saidIn(await review.need(env, id))
    await review.examine(env, { id, hash, by: operatorOf(ctx) }, examinedIn(typed, asked))
  } catch (error) {
    return show(ctx, { fields: fieldsIn(error), typed })
  }
  to(ctx, `/admin/reviews/${id}?done=examined`)
}

async function decided(
  ctx: Ctx,
  { step, done, show }: { step: Step; done: string; show: Show },
): Promise<void> {
  const id = idOf(ctx)
  const { hash, note = '' } = readForm(ctx, decideSchema)
  try {
    await step(ctx.state.env, { id, hash, by: operatorOf(ctx), note })
  } catch (error) {
    return show(ctx, { fields: fieldsIn(error), note })
  }
  to(ctx, `/admin/reviews/${id}?done=${done}`)
}

async function showReview(ctx: Ctx, askedAgain: AskedAgain, form: Said): Promise<void> {
  const { env, language } = ctx.state
  const proposal = await review.need(env, idOf(ctx))
  const said = saidIn(proposal)
  const [proposed, entries, turns] = await Promise.all([
    asProposed(env, proposal),
    catalogue(env),
    reviews.turns(env, proposal.id),
  ])
  const { before, now } = proposed
  const people = await namesOf(ctx, turns, said.clauses?.map(({ checker }) => checker) ?? [])
  const told = operators.tell(turns, people, language)
  const { fields = {}, typed, note } = form
  const operator = operatorOf(ctx)
  const base = `/admin/reviews/${proposal.id}`
  const t = messages[language].reviewing
  const number = await numberOf(env, proposal, proposed)
  const open = ['submitted', 'proposed'].includes(proposal.state)
  const mayExamine = open && operator.roles.includes('registrar')
  const idKind = now.contract.subjectType
  const shown = { catalogue: entries, idKind, language, typed, fields }
  view(
    ctx,
    {
      id: proposal.id,
      title: t.title(number),
      names: now.version.names[language],
      provider: now.member.names[language],
      version: number,
      beforeVersion: before?.version.version,
      state: proposal.state,
      memberHref: `/admin/members/${now.member.id}`,
      serviceHref: before && `/admin/services/${before.service.id}`,
      again: open && before ? await again(env, askedAgain, proposed, language) : undefined,
      matrix: shownMatrix(proposed, said, entries, language),
      differences: shownDifferences(proposed, entries, language),
      logo: now.version.logo,
      items: askedItems(said, shown),
      clauses: shownClauses(said, { language, typed, fields, operators: people, mayExamine }),
      kind: before?.service.kind ?? said.kind ?? 'third_party',
      warnings: open ? await warningsOf(env, proposal, proposed, language) : [],
      previews: [
        { href: `${base}/preview?language=ja`, text: t.preview.ja },
        { href: `${base}/preview?language=en`, text: t.preview.en },
        ...(before ? [{ href: `${base}/preview?state=again`, text: t.preview.again }] : []),
      ],
      mayExamine,
      hash: proposal.hash,
      fields,
      done: String(ctx.query['done'] ?? ''),
      decide: decideOf(proposal, told, operator, { note, fields }),
      turns: told.shown,
    },
    { status: Object.keys(fields).length ? 422 : 200 },
  )
}

/** The version this would be, or became. */
async function numberOf(env: Env, proposal: Proposal, { before }: Proposed): Promise<number> {
  if (proposal.state !== 'approved' || !before) return (before?.version.version ?? 0) + 1
  const { id } = before.service
  const [all, versions] = [await store.approvals(env.db, id), await store.versions(env.db, id)]
  const approval = all.find(({ proposalId }) => proposalId === proposal.id)
  const found = versions.find((one) => one.id === approval?.serviceVersionId)
  return found?.version ?? before.version.version
}

async function namesOf(ctx: Ctx, turns: readonly Turn[], more: readonly string[]) {
  const { env, language } = ctx.state
  const ids = turns.filter(({ byKind }) => byKind === 'operator').map(({ byId }) => byId)
  const names = new Map(await operators.names(env, [...new Set([...ids, ...more])]))
  const { by } = messages[language].desk.turns
  for (const { byKind, byId } of turns) if (!names.has(byId)) names.set(byId, by[byKind])
  return names
}

async function again(
  env: Env,
  askedAgain: AskedAgain,
  { now, at }: Proposed,
  language: 'ja' | 'en',
): Promise<ReviewPage['again']> {
  const found = await askedAgain(env, now, at)
  const { reasons } = messages[language].reviewing.again
  const number = (n: number) => n.toLocaleString('en-US')
  return {
    inForce: number(found.inForce),
    again: number(found.again),
    count: found.again,
    reasons: found.reasons.map((reason) => reasons[reason] ?? reason),
  }
}

/** What a rule says of it today: a name like another's is for the second person to see (F7). */
async function warningsOf(
  env: Env,
  proposal: Proposal,
  { now }: Proposed,
  language: 'ja' | 'en',
): Promise<string[]> {
  const owner = { memberId: now.member.id, serviceId: now.service.id }
  const { asked } = saidIn(proposal)
  const faults = await wholeFaults(env, { ...asked, kind: now.service.kind }, owner)
  const { warnings } = messages[language].reviewing
  const texts = faults.map(({ path, rule }) => {
    const known = rule in warnings && rule !== 'other' && rule !== 'title'
    return known ? String(warnings[rule as 'name_official']) : warnings.other(`${path} ${rule}`)
  })
  return [...new Set(texts)]
}

function decideOf(
  { id, state, hash }: Proposal,
  { turns, last }: operators.Told,
  { id: own, roles }: OperatorHere,
  { note, fields }: Pick<Decide, 'note' | 'fields'>,
): Decide {
  const [registrar, approver] = [roles.includes('registrar'), roles.includes('approver')]
  const open = state === 'submitted' || state === 'proposed'
  const involved = hadAHand(turns, own)
  const choice = (key: Choice['key']) => operators.choiceAt(`/admin/reviews/${id}`, key)
  const choices: Choice[] = []
  if (approver && !involved && state === 'proposed') choices.push(choice('approve'))
  if ((registrar || approver) && open) choices.push(choice('giveBack'), choice('refuse'))
  const why = !open
    ? 'over'
    : state === 'submitted'
      ? undefined
      : involved
        ? 'involved'
        : approver
          ? undefined
          : 'role'
  return {
    hash,
    choices,
    why,
    first: ['proposed', 'approved'].includes(state) ? last('proposed') : undefined,
    second: state === 'approved' ? last('approved') : undefined,
    note,
    fields,
  }
}
