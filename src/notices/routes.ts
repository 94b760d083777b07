import { Router } from '@koa/router'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import * as notices from './actions.ts'
import { wordsOf } from './model.ts'
import type { NoticePage, NoticesPage } from './pages.ts'
import { wantedSchema } from './schema.ts'

const PATH = '/account/notices'
const PER_PAGE = 20

const views = {
  list: page<NoticesPage>('notices/list'),
  one: page<NoticePage>('notices/one'),
}

/** お知らせ: the list, one notice, and which letters are wanted (pages.md R11; K-03). */
export function routes(guards: Guards): Router<State> {
  const router = new Router<State>()
  router.get(PATH, guards.resident, list)
  router.get(`${PATH}/:id`, guards.resident, one)
  router.post(`${PATH}/settings`, guards.resident, async (ctx) => {
    const { digest, reminder } = readForm(ctx, wantedSchema)
    const wanted = { digest: digest === 'on', reminder: reminder === 'on' }
    await notices.setWanted(ctx.state.env, residentIn(ctx), wanted)
    to(ctx, `${PATH}?done=1`)
  })
  return router
}

function residentIn(ctx: Ctx): string {
  if (!ctx.state.resident) throw new Refusal('sign_in_required')
  return ctx.state.resident.residentId
}

async function list(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const residentId = residentIn(ctx)
  const asked = typeof ctx.query['page'] === 'string' ? ctx.query['page'] : ''
  const number = /^[1-9]\d{0,4}$/.test(asked) ? Number(asked) : 1
  const at = { limit: PER_PAGE, offset: (number - 1) * PER_PAGE }
  const found = await notices.listed(env, residentId, at)
  views.list(ctx, {
    notices: found.notices.map((notice) => ({
      href: `${PATH}/${notice.id}`,
      title: wordsOf(notice, language).title,
      at: words(language).dateTime(notice.postedAt),
      mustRead: notice.mustRead,
      isNew: !notice.readAt,
    })),
    total: found.total,
    page: number,
    pages: Math.max(1, Math.ceil(found.total / PER_PAGE)),
    wanted: await notices.wanted(env, residentId),
    done: ctx.query['done'] === '1',
  })
}

/** Opening a notice is reading it: its banner is gone from the next page on. */
async function one(ctx: Ctx): Promise<void> {
  const { env, language } = ctx.state
  const residentId = residentIn(ctx)
  const { id = '' } = ctx['params'] as { id?: string }
  const notice = await notices.open(env, residentId, id)
  if (!notice) throw new Refusal('not_found')
  ctx.state.unread = await notices.unread(env, residentId, language)
  const { title, lines, link } = wordsOf(notice, language)
  const text = link ?? messages[language].notices.page.goOn
  views.one(ctx, {
    title,
    lines,
    at: words(language).dateTime(notice.postedAt),
    link: notice.link === null ? undefined : { href: notice.link, text },
  })
}
