/** `/admin/members/:id/stop` and `/admin/services/:id/stop`: look, propose, decide (S-51, J4). */
import type { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { isUuid } from '../input/ids.ts'
import { lineFault, normalText } from '../input/spelling.ts'
import { CONFIRMED_SECONDS } from '../people/model.ts'
import type { OperatorHere } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import * as stopping from './stopping.ts'
import { momentOf, REASONS, type StopBody, type SubjectKind } from './stopping_model.ts'
import { stopPage, type StopForm, type StopPage } from './stopping_pages.ts'
import * as queries from './stopping_queries.ts'
import { decideSchema, refuseSchema, stopSchema } from './stopping_schema.ts'

const show = page<StopPage>('members/stop')

/** Adds the addresses of both kinds of subject to the room's router. */
export function stoppingRoutes(router: Router<State>, env: Env, guards: Guards): void {
  const { operator, confirmed } = guards
  for (const kind of ['member', 'service'] as const) {
    const base = `/admin/${kind}s/:id/stop`
    const find = (ctx: Ctx) => found(env, kind, String(ctx['params'].id))

    router.get(base, operator(), async (ctx) => {
      const done = ctx.query['done']
      await draw(ctx, await find(ctx), { done: isDone(done) ? done : undefined })
    })
    router.get(`${base}/decide`, operator('approver'), confirmed, async (ctx) =>
      to(ctx, addressOf((await find(ctx)).subject)),
    )
    router.post(base, operator('registrar', 'approver'), async (ctx) => {
      const known = await find(ctx)
      const typed = typedIn(ctx)
      const asked = 'fields' in typed ? typed : bodyOf(typed.form, kind, env.now())
      if ('fields' in asked)
        return draw(ctx, known, { form: typed.form, fields: asked.fields }, 422)
      await stopping.propose(env, known.subject, asked.body, here(ctx))
      to(ctx, `${addressOf(known.subject)}?done=proposed`)
    })
    router.post(`${base}/approve`, operator('approver'), confirmed, async (ctx) => {
      const { subject } = await find(ctx)
      const { proposal, hash } = readForm(ctx, decideSchema)
      await stopping.approve(env, subject, { id: proposal, hash, by: here(ctx) })
      to(ctx, `${addressOf(subject)}?done=approved`)
    })
    router.post(`${base}/refuse`, operator('registrar', 'approver'), async (ctx) => {
      const { subject } = await find(ctx)
      const { proposal, hash, note } = readForm(ctx, refuseSchema)
      await stopping.refuse(env, subject, { id: proposal, hash, by: here(ctx), note })
      to(ctx, `${addressOf(subject)}?done=refused`)
    })
  }
}

/** What was typed; with what the schema finds wrong with it, so that the same form comes again. */
function typedIn(ctx: Ctx): { form: StopForm } | { form: StopForm; fields: Fields } {
  try {
    return { form: readForm(ctx, stopSchema) }
  } catch (error) {
    if (!(error instanceof Refusal) || !error.details.fields) throw error
    const typed = Object.entries(ctx.state.body ?? {}).filter(
      ([name, value]) => name in stopSchema.properties && typeof value === 'string',
    )
    return { form: Object.fromEntries(typed), fields: error.details.fields }
  }
}

const isDone = (value: unknown): value is 'proposed' | 'approved' | 'refused' =>
  value === 'proposed' || value === 'approved' || value === 'refused'

type Found = { subject: stopping.Subject; status: string }

/** @throws Refusal not_found */
async function found(env: Env, kind: SubjectKind, id: string): Promise<Found> {
  const row = isUuid(id) ? await queries.subject(env.db, kind, id, env.now()) : undefined
  if (!row) throw new Refusal('not_found')
  return { subject: { kind, id, memberId: row.memberId, names: row.names }, status: row.status }
}

const addressOf = ({ kind, id }: stopping.Subject) => `/admin/${kind}s/${id}/stop`

function here(ctx: Ctx): OperatorHere {
  const { operator } = ctx.state
  if (!operator) throw new Error('no guard stood before this route')
  return operator
}

type Drawn = { form?: StopForm; fields?: Fields; done?: StopPage['done'] }

async function draw(ctx: Ctx, { subject, status }: Found, drawn: Drawn, code = 200) {
  const { env, language } = ctx.state
  const operator = here(ctx)
  const standing = await stopping.standingOf(env, subject, status)
  const author = standing.open && (await reviews.turns(env, standing.open.id)).at(-1)?.byId
  const fresh = env.now().getTime() - CONFIRMED_SECONDS * 1000
  const data = stopPage({
    subject,
    standing,
    run: await stopping.dryRun(env, subject),
    proposedBy: author ? await queries.operatorName(env.db, author) : '',
    viewer: {
      mayPropose: operator.roles.some((role) => role === 'registrar' || role === 'approver'),
      mayDecide: operator.roles.includes('approver') && author !== operator.id,
      confirmed: operator.confirmedAt.getTime() >= fresh,
    },
    action: addressOf(subject),
    language,
    now: env.now(),
    ...drawn,
  })
  show(ctx, data, { status: code })
}

/** From what was typed to what is proposed, or what is wrong with it, field by field. */
function bodyOf(
  typed: StopForm,
  kind: SubjectKind,
  now: Date,
): { body: StopBody } | { fields: Fields } {
  const { aim, reason } = typed
  const company = normalText(typed.company ?? '')
  if (aim === 'lift')
    return {
      body: {
        aim,
        reason: 'resolved',
        residents: { ja: '', en: '' },
        company,
        effectiveAt: null,
      },
    }
  const ja = normalText(typed.residents_ja ?? '')
  const en = normalText(typed.residents_en ?? '')
  const moment = momentOf(typed.at ?? '', now)
  const known = REASONS.find((one) => one === reason)
  const fields: Fields = {
    ...(!known && { reason: 'choose' }),
    ...(faultIn(ja) && { residents_ja: faultIn(ja) ?? '' }),
    ...(en && lineFault(en) && { residents_en: lineFault(en) ?? '' }),
    ...(company === '' && { company: 'required' }),
    ...('fault' in moment && { at: moment.fault }),
  }
  const asked = aim === 'suspend' || (aim === 'exclude' && kind === 'member') ? aim : undefined
  if (!asked) fields['aim'] = 'choose'
  if (!asked || !known || 'fault' in moment || Object.keys(fields).length) return { fields }
  const effectiveAt = moment.at?.toISOString() ?? null
  return { body: { aim: asked, reason: known, residents: { ja, en }, company, effectiveAt } }
}

const faultIn = (text: string) => (text === '' ? 'required' : lineFault(text))
