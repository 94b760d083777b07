import type Router from '@koa/router'
import type { Env } from '../env.ts'
import { fieldsIn, readForm } from '../http/forms.ts'
import { likeOf, listView, readListing } from '../http/listing.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import type { ResidentSeen, ResidentsPage, ViewsPage } from './pages.ts'
import { countsOf, servicesInForce } from './queries.ts'
import { lookUpSchema } from './schema.ts'
import { self } from './shown.ts'
import * as store from './store.ts'
import { viewPerson, viewReasons } from './viewing.ts'

const view = page<ResidentsPage>('operators/residents')
const viewed = page<ViewsPage>('operators/views')
const PATH = '/admin/residents'
const NOBODY = { email: '', reason: '', fields: {}, none: false, found: undefined }

/** One resident by exact address, after a reason was written down: no list, no values, no impersonation (J10, J12). */
export function residentRoutes(router: Router<State>, guards: Guards): void {
  router.get(`${PATH}/views`, guards.operator('auditor', 'privacy_officer'), showViews)
  const only = [guards.operator('privacy_officer'), guards.confirmed] as const
  router.get(PATH, ...only, (ctx) => void view(ctx, NOBODY))
  router.post(PATH, ...only, async (ctx) => {
    try {
      await lookUp(ctx)
    } catch (error) {
      show(ctx, { fields: fieldsIn(error) })
    }
  })
}

/** Reasons are read by auditors and privacy officers (J10). */
async function showViews(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const listing = readListing(ctx, { sorts: ['at'] as const, descending: true })
  const { page: number, perPage } = listing
  const asked = { like: likeOf(listing.q), limit: perPage, offset: (number - 1) * perPage }
  const { rows, total } = await store.views(env.db, asked)
  const shown = { total, page: number, pages: Math.max(1, Math.ceil(total / perPage)) }
  const { dateTime } = words(language)
  const { kinds, gone } = messages[language].operators.views
  const reasons = await viewReasons(env, rows)
  viewed(ctx, {
    list: listView(`${PATH}/views`, listing, shown, ['at']),
    rows: rows.map(({ id, at, operatorName: who, objectKind }) => ({
      at: dateTime(at),
      who,
      object: kinds[objectKind] ?? objectKind,
      reason: reasons.get(id) ?? gone,
    })),
  })
}

async function lookUp(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const { email, reason } = readForm(ctx, lookUpSchema)
  const resident = await residents.byAddress(env, email)
  // Written also where nobody has the address: that somebody looked is what counts.
  const object = { kind: 'resident', id: resident?.id ?? 'nobody' }
  await viewPerson(env, self(ctx).id, { object, reason })
  if (!resident) return show(ctx, { none: true })
  show(ctx, { found: await seen(env, resident, language) })
}

type Shown = { fields?: Fields; none?: boolean; found?: ResidentSeen }

function show(ctx: Ctx, { fields = {}, none = false, found }: Shown): void {
  const text = (name: string) => {
    const value = ctx.state.body?.[name]
    return typeof value === 'string' ? value : ''
  }
  const data = { email: text('email'), reason: text('reason'), fields, none, found }
  view(ctx, data, { status: Object.keys(fields).length ? 422 : 200 })
}

async function seen(env: Env, resident: Resident, language: Language): Promise<ResidentSeen> {
  const { date, dateTime } = words(language)
  const services = await servicesInForce(env.db, resident.id)
  const provision = await residents.provisionTerms(env, resident.id)
  return {
    email: residents.maskedEmail(resident.profile.email),
    registered: date(resident.createdAt),
    verified: resident.emailVerifiedAt ? date(resident.emailVerifiedAt) : undefined,
    provision: provision?.given ?? false,
    services: services.map((one) => ({
      name: one.names[language],
      member: one.memberNames[language],
      since: date(one.since),
      provided: one.provided,
      last: one.lastAt ? dateTime(one.lastAt) : undefined,
    })),
    ...(await countsOf(env.db, resident.id)),
  }
}
