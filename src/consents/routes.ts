/** 「各サービスでのデータ利用」 and everything below it (pages.md R5–R7). */
import Router from '@koa/router'
import type { Catalogue } from '../catalogue/model.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { to } from '../http/redirect.ts'
import { page } from '../http/views.ts'
import { endOfDay, isDay } from '../input/days.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as consents from './actions.ts'
import { asAgreed } from './ending.ts'
import { deletionRoutes } from './deletion_routes.ts'
import { changePage, relation, residentIn, servicePage, viewOf } from './compose.ts'
import { numberOf, offerOf, subjectOfConsent, type Consent } from './model.ts'
import { labelsOf, providedItems, statusOf, untilOf, type View } from './overview.ts'
import type * as pages from './pages.ts'
import * as queries from './queries.ts'
import { resumeSteps } from './resume.ts'
import { changeSchema, decisionSchema } from './schema.ts'
import { servicesJson, servicesPage } from './services_page.ts'
import { faceOf, legalText, valuesFor } from './screen.ts'
import { showingPage } from './record.ts'
import { toldPage, withNewest, withTold, type ToldOf } from './told.ts'

const views = {
  list: page<pages.ServicesPage>('consents/list'),
  detail: page<pages.ServicePage>('consents/detail'),
  change: page<pages.ChangePage>('consents/change'),
  withdraw: page<pages.WithdrawPage>('consents/withdraw'),
  withdrawAll: page<pages.WithdrawAllPage>('consents/withdraw_all'),
  withdrawn: page<pages.WithdrawnPage>('consents/withdrawn'),
  pause: page<pages.PausePage>('consents/pause'),
  paused: page<pages.PausedPage>('consents/paused'),
  showing: page<pages.ShowingPage>('consents/showing'),
}

const BASE = '/account/services'
const wantsJson = (ctx: Ctx) => ctx.accepts(['html', 'json']) === 'json'

/** @param toldOf what a company was told of a resident */
export function routes(guards: Guards, catalogue: Catalogue, toldOf: ToldOf): Router<State> {
  const router = new Router<State>()
  const enter = async (ctx: Ctx) => {
    const resident = await residentIn(ctx)
    return { resident, view: await viewOf(ctx, resident.id, catalogue) }
  }
  const only = guards.resident

  router.get(BASE, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    if (wantsJson(ctx)) {
      const cards = await servicesJson(ctx, resident, view)
      ctx.body = await withNewest(ctx.state.env, toldOf, { residentId: resident.id, cards })
    } else views.list(ctx, await servicesPage(ctx, resident, view))
  })
  router.get(`${BASE}/withdraw-all`, only, async (ctx) => {
    const { view, resident } = await enter(ctx)
    views.withdrawAll(ctx, await withdrawAllPage(ctx, resident, view, false))
  })
  router.post(`${BASE}/withdraw-all`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    const form = readForm(ctx, decisionSchema)
    const deletion = form.request_deletion !== undefined
    const done =
      form.decision === 'withdraw'
        ? await consents.withdrawAll(ctx.state.env, resident, deletion)
        : []
    if (done.length) {
      const page = await withdrawnPage(ctx, { done, deletion }, view, resident)
      views.withdrawn(ctx, await withTold(ctx, toldOf, { page, done }))
    } else views.withdrawAll(ctx, await withdrawAllPage(ctx, resident, view, deletion))
  })
  router.get(`${BASE}/:serviceId`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    const notice =
      ctx.query['done'] === 'changed' || ctx.query['done'] === 'resumed'
        ? ctx.query['done']
        : undefined
    const shown = await servicePage(ctx, resident, view, notice)
    const whose = { residentId: resident.id, serviceId: shown.service.id }
    views.detail(ctx, { ...shown, told: await toldPage(ctx, toldOf, whose) })
  })

  router.get(`${BASE}/:serviceId/change`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    const { service, row } = inForce(await relation(ctx, resident, view))
    views.change(
      ctx,
      changePage(
        row.consent,
        service,
        { resident, subject: subjectFor(ctx, resident.userId, row.consent) },
        view,
      ),
    )
  })
  router.post(`${BASE}/:serviceId/change`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    const { service, row } = inForce(await relation(ctx, resident, view))
    const form = readForm(ctx, changeSchema)
    const here = `${BASE}/${service.service.id}`
    const keep = form.item === undefined ? [] : [form.item].flat()
    const again = (fields?: Record<string, string>) => {
      const owner = { resident, subject: subjectFor(ctx, resident.userId, row.consent) }
      const input = { keep, until: form.until, ...(fields && { fields }) }
      const status = fields ? 422 : 200
      views.change(ctx, changePage(row.consent, service, owner, view, input), { status })
    }
    if (form.decision !== 'change') return again()
    const endsAt = form.until && isDay(form.until) ? endOfDay(form.until) : undefined
    if (form.until && !endsAt) return again({ until: 'not_valid' })
    try {
      await consents.change(ctx.state.env, resident, service.service.id, {
        keep,
        endsAt,
        version: Number(form.version),
      })
      to(ctx, `${here}?done=changed`)
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
      again(error.details.fields ?? {})
    }
  })

  const showWithdraw = async (ctx: Ctx, requestDeletion: boolean) => {
    const { resident, view } = await enter(ctx)
    const { service, row } = toWithdraw(await relation(ctx, resident, view))
    const { env, language } = ctx.state
    const provided = await queries.provided(env.db, resident.id, row.consent)
    const template = env.templates.version(row.consent.template, row.consent.templateVersion)
    const offer = offerOf(service, [], template, env.now())
    views.withdraw(ctx, {
      service: faceOf(service, language),
      count: row.content.items.length,
      text: legalText(
        template,
        language,
        'withdraw_effects',
        valuesFor(offer, language, env.config.installation),
      ),
      provided: providedItems(provided, row.content, view),
      requestDeletion,
      contact: { ...service.version.contact, desk: service.version.contact.desk[language] },
    })
  }
  router.get(`${BASE}/:serviceId/withdraw`, only, (ctx) => showWithdraw(ctx, false))
  router.post(`${BASE}/:serviceId/withdraw`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    const { service } = await relation(ctx, resident, view)
    const form = readForm(ctx, decisionSchema)
    const deletion = form.request_deletion !== undefined
    if (form.decision !== 'withdraw') return showWithdraw(ctx, deletion)
    const done = await consents.withdraw(ctx.state.env, resident, service.service.id, deletion)
    const page = await withdrawnPage(ctx, { done: [done], deletion }, view, resident)
    views.withdrawn(ctx, await withTold(ctx, toldOf, { page, done: [done] }))
  })

  router.get(`${BASE}/:serviceId/pause`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    const { service, row } = notEnded(await relation(ctx, resident, view))
    views.pause(ctx, {
      service: faceOf(service, view.language),
      count: row.content.items.length,
      until: untilOf(row.consent, view),
    })
  })
  router.post(`${BASE}/:serviceId/pause`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    const { service } = await relation(ctx, resident, view)
    if (readForm(ctx, decisionSchema).decision !== 'pause')
      return to(ctx, `${BASE}/${service.service.id}/pause`)
    const done = await consents.pause(ctx.state.env, resident, service.service.id)
    views.paused(ctx, {
      service: faceOf(service, view.language),
      at: words(view.language).dateTime(done.agreedAt),
      number: numberOf(done),
      until: untilOf(done, view),
    })
  })

  deletionRoutes(router, guards)
  const resume = resumeSteps(catalogue, enter)
  router.get(`${BASE}/:serviceId/resume`, only, resume.show)
  router.post(`${BASE}/:serviceId/resume`, only, resume.answer)

  router.get(`${BASE}/:serviceId/showings/:showingId`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    views.showing(ctx, await showingPage(ctx, resident, view))
  })
  return router
}

type Relation = Awaited<ReturnType<typeof relation>>

/** @throws Refusal consent_not_found where nothing flows that could be narrowed */
function inForce(found: Relation): Relation {
  if (found.status !== 'in_use' && found.status !== 'suspended')
    throw new Refusal('consent_not_found')
  return found
}

/** @throws Refusal consent_not_found where there is nothing left to withdraw; what is paused can be */
function toWithdraw(found: Relation): Relation {
  return found.status === 'paused' ? found : notEnded(found)
}

/** @throws Refusal consent_not_found where the agreement has ended */
function notEnded(found: Relation): Relation {
  if (found.row.agreement.endedAt) throw new Refusal('consent_not_found')
  return found
}

const subjectFor = (ctx: Ctx, userId: string, consent: Consent) =>
  subjectOfConsent(ctx.state.env.secrets.pairwise, userId, consent)

async function withdrawnPage(
  ctx: Ctx,
  { done, deletion }: { done: readonly Consent[]; deletion: boolean },
  view: View,
  resident: Resident,
): Promise<pages.WithdrawnPage> {
  const withdrawn: pages.WithdrawnPage['withdrawn'] = []
  for (const consent of done) {
    const now = view.services.get(consent.serviceId)
    if (!now) continue
    const service = await asAgreed(ctx.state.env, resident, { consent, service: now })
    const { contact } = service.version
    withdrawn.push({
      service: faceOf(service, view.language),
      number: numberOf(consent),
      contact: { ...contact, desk: contact.desk[view.language] },
    })
  }
  return {
    at: words(view.language).dateTime(done[0]?.agreedAt ?? view.now),
    withdrawn,
    deletionRequested: deletion,
    mailedTo: done.length ? residents.maskedEmail(resident.profile.email) : undefined,
  }
}

async function withdrawAllPage(
  ctx: Ctx,
  resident: Resident,
  view: View,
  requestDeletion: boolean,
): Promise<pages.WithdrawAllPage> {
  const { env } = ctx.state
  const rows = await queries.cards(env.db, resident.id)
  const w = words(view.language)
  const found: pages.WithdrawAllPage['services'] = []
  for (const row of rows) {
    const now = view.services.get(row.agreement.serviceId)
    if (!now || ['withdrawn', 'expired'].includes(statusOf(row, view))) continue
    const service = await asAgreed(env, resident, { consent: row.consent, service: now })
    found.push({
      service: faceOf(service, view.language),
      items: labelsOf(row.content.items, row.content, view),
      lastProvided: row.lastProvidedAt ? w.dateTime(row.lastProvidedAt) : undefined,
    })
  }
  return { services: found, requestDeletion }
}
