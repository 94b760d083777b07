/** /account/history (R8): the timeline, its files, the page for paper, and the report of one entry. */
import Router from '@koa/router'
import type { Catalogue } from '../catalogue/model.ts'
import { count, type Limit } from '../database/limits.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { Refusal } from '../refusal.ts'
import {
  askedIn,
  completeSince,
  historyPage,
  PATH,
  printPage,
  residentIn,
  viewOf,
} from './compose.ts'
import { answerFile, answerJsonFile, historyJson } from './files.ts'
import type { HistoryPage, PrintPage } from './pages.ts'
import { sendReport, showReport } from './reporting.ts'

const views = {
  list: page<HistoryPage>('history/list'),
  print: page<PrintPage>('history/print'),
}

const wantsJson = (ctx: Ctx) => ctx.accepts(['html', 'json']) === 'json'

/** A file of the whole reads everything: enough for anybody, not for a program that never stops. */
const FILES: Limit = { name: 'history_files', points: 30, seconds: 3600 }

export function routes(guards: Guards, catalogue: Catalogue): Router<State> {
  const router = new Router<State>()
  const only = guards.resident
  const enter = async (ctx: Ctx) => {
    const resident = await residentIn(ctx)
    return { resident, view: await viewOf(ctx, catalogue) }
  }
  const takeAlong = async (ctx: Ctx) => {
    const { resident, view } = await enter(ctx)
    const { filter } = await askedIn(ctx, resident, view)
    const { within } = await count(ctx.state.env, FILES, resident.id)
    if (!within) throw new Refusal('too_many_attempts')
    return { filter, view, since: completeSince(resident, view) }
  }

  router.get(PATH, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    if (wantsJson(ctx)) {
      ctx.body = await historyJson(ctx, resident, view)
      return
    }
    const data = await historyPage(ctx, resident, view)
    views.list(ctx, data, { status: Object.keys(data.fields).length ? 422 : 200 })
  })
  router.get(`${PATH}.csv`, only, async (ctx) => answerFile(ctx, await takeAlong(ctx)))
  router.get(`${PATH}.json`, only, async (ctx) => answerJsonFile(ctx, await takeAlong(ctx)))
  router.get(`${PATH}/print`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    views.print(ctx, await printPage(ctx, resident, view))
  })
  router.get(`${PATH}/:entryId/report`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    await showReport(ctx, resident, view)
  })
  router.post(`${PATH}/:entryId/report`, only, async (ctx) => {
    const { resident, view } = await enter(ctx)
    await sendReport(ctx, resident, view)
  })
  return router
}
