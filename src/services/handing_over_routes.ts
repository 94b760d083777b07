import { Router } from '@koa/router'
import * as contracts from '../contracts/actions.ts'
import { turnOf } from '../contracts/model.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { isUuid } from '../input/ids.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import { CONFIRMED_SECONDS } from '../people/model.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { State as ProposalState, TurnKind } from '../reviews/model.ts'
import { decideSchema } from '../reviews/schema.ts'
import { handOverOf, approveHandOver, proposeHandOver, mayGo } from './handing_over.ts'
import { byId } from './actions.ts'

/** views/services/hand_over.eta */
export type HandOverPage = {
  memberId: string
  company: string
  services: { id: string; name: string; chosen: boolean }[]
  /** Contracts of the other active companies: `<member>:<contract>`. */
  targets: { value: string; label: string }[]
  values: { to_contract: string; note: string }
  fields: Fields
}

/** views/services/hand_over_review.eta */
export type HandOverReviewPage = {
  id: string
  company: string
  memberId: string
  to: string
  services: string[]
  note: string
  state: ProposalState
  hash: string
  turns: {
    turn: TurnKind
    at: string
    note: string | undefined
  }[]
  may: { approve: boolean; refuse: boolean }
  own: boolean
  confirmHref: string | undefined
  fields: Fields
}

const views = {
  form: page<HandOverPage>('services/hand_over'),
  review: page<HandOverReviewPage>('services/hand_over_review'),
}

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    service: {
      anyOf: [
        { type: 'string', maxLength: 36 },
        {
          type: 'array',
          maxItems: 100,
          uniqueItems: true,
          items: { type: 'string', maxLength: 36 },
        },
      ],
    },
    to_contract: { type: 'string', maxLength: 73 },
    note: { type: 'string', maxLength: 2000 },
  },
} as const

/** Handing services over: a registrar proposes, an approver approves (S-59, J4). */
export function handingOverRoutes(router: Router<State>, guards: Guards): void {
  const registrar = guards.operator('registrar')
  router.get('/admin/members/:id/hand-over', registrar, (ctx) => form(ctx))
  router.post('/admin/members/:id/hand-over', registrar, propose)
  router.get('/admin/hand-overs/:id', guards.operator(), (ctx) => show(ctx))
  router.post(
    '/admin/hand-overs/:id/approve',
    guards.operator('approver'),
    guards.confirmed,
    (ctx) => decide(ctx, (seen) => approveHandOver(ctx.state.env, seen)),
  )
  router.post('/admin/hand-overs/:id/refuse', guards.operator('registrar', 'approver'), (ctx) =>
    decide(ctx, async ({ note = '', ...seen }) => {
      if (note.trim() === '') throw new Refusal('invalid_input', { fields: { note: 'required' } })
      await reviews.refuse(ctx.state.env, { ...seen, note: note.trim() })
    }),
  )
}

async function need(ctx: Ctx) {
  const id = String(ctx['params']['id'])
  const member = isUuid(id) ? await members.byId(ctx.state.env, id) : undefined
  if (!member) throw new Refusal('not_found')
  return member
}

type Typed = { service?: string | readonly string[]; to_contract?: string; note?: string }
const chosen = ({ service = [] }: Typed) => [service].flat()

async function form(ctx: Ctx, typed: Typed = {}, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const member = await need(ctx)
  const at = env.now()
  const others = (await contracts.list(env)).filter(
    (one) => one.memberId !== member.id && one.memberStatus === 'active',
  )
  const given: HandOverPage = {
    memberId: member.id,
    company: member.names[language],
    services: (await mayGo(env, member.id)).map(({ service, version }) => ({
      id: service.id,
      name: version.names[language],
      chosen: chosen(typed).includes(service.id),
    })),
    targets: others.map((one) => {
      const until = words(language).lastDay(turnOf(one, at).endsAt)
      const label = `${one.memberNames[language]} – ${one.number} (${until})`
      return { value: `${one.memberId}:${one.id}`, label }
    }),
    values: { to_contract: typed.to_contract ?? '', note: typed.note ?? '' },
    fields,
  }
  views.form(ctx, given, { status: Object.keys(fields).length ? 422 : 200 })
}

async function propose(ctx: Ctx): Promise<void> {
  const { env, operator: by } = ctx.state
  const { id: fromMemberId } = await need(ctx)
  if (!by) throw new Refusal('sign_in_required')
  let typed: Typed = {}
  try {
    typed = readForm(ctx, schema)
    const [toMemberId = '', contractId = ''] = (typed.to_contract ?? '').split(':')
    const note = typed.note?.trim() ?? ''
    const asked = { serviceIds: chosen(typed), toMemberId, contractId, note }
    const { id } = await proposeHandOver(env, { fromMemberId, asked, by })
    to(ctx, `/admin/hand-overs/${id}`)
  } catch (error) {
    await form(ctx, typed, wrongFields(error))
  }
}

function wrongFields(error: unknown): Fields {
  const fields = error instanceof Refusal && error.details.fields
  if (error instanceof Refusal && error.reason === 'invalid_input' && fields) return fields
  throw error
}

type Seen = Parameters<typeof reviews.propose>[1]

async function decide(ctx: Ctx, step: (seen: Seen) => Promise<void>): Promise<void> {
  const { operator: by } = ctx.state
  const { id } = await proposal(ctx)
  if (!by) throw new Refusal('sign_in_required')
  try {
    const { hash, note } = readForm(ctx, decideSchema)
    await step({ id, hash, by, note })
    to(ctx, `/admin/hand-overs/${id}`)
  } catch (error) {
    await show(ctx, wrongFields(error))
  }
}

async function proposal(ctx: Ctx) {
  const found = await reviews.find(ctx.state.env, String(ctx['params']['id']))
  if (found?.kind !== 'hand_over') throw new Refusal('not_found')
  return found
}

async function show(ctx: Ctx, fields: Fields = {}): Promise<void> {
  const { env, language, operator } = ctx.state
  const found = await proposal(ctx)
  const { serviceIds, toMemberId, note } = handOverOf(found)
  const from = await members.byId(env, found.memberId ?? '')
  const other = await members.byId(env, toMemberId)
  const services = await Promise.all(serviceIds.map((id) => byId(env, id)))
  const turns = await reviews.turns(env, found.id)
  const is = (role: 'registrar' | 'approver') => operator?.roles.includes(role) ?? false
  const open = found.state === 'proposed'
  const given: HandOverReviewPage = {
    id: found.id,
    company: from?.names[language] ?? '',
    memberId: found.memberId ?? '',
    to: other?.names[language] ?? '',
    services: services.flatMap((one) => (one ? [one.version.names[language]] : [])),
    note,
    state: found.state,
    hash: found.hash,
    turns: turns.map(({ turn, at, note }) => ({
      turn,
      at: words(language).dateTime(at),
      note: note ?? undefined,
    })),
    may: { approve: open && is('approver'), refuse: open && (is('registrar') || is('approver')) },
    own: turns.some(({ byId }) => byId === operator?.id),
    confirmHref: confirmHref(ctx),
    fields,
  }
  views.review(ctx, given, { status: Object.keys(fields).length ? 422 : 200 })
}

/** Where a second factor is shown anew first (J6); half a minute is left to read and press. */
function confirmHref(ctx: Ctx): string | undefined {
  const { env, operator } = ctx.state
  const oldest = env.now().getTime() - (CONFIRMED_SECONDS - 30) * 1000
  if (operator && operator.confirmedAt.getTime() > oldest) return undefined
  return `/admin/confirm?to=${encodeURIComponent(ctx.path)}`
}
