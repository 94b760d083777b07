import { Router } from '@koa/router'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, Middleware, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import type { KeptMail } from '../notices/model.ts'
import { Refusal } from '../refusal.ts'
import * as demo from './actions.ts'
import { guideFor, mailsFor, type Guide, type MailsPage } from './pages.ts'

const guide = page<Guide>('demo/guide')
const mails = page<MailsPage>('demo/mails')

/** `/dev` and below: there only in demo mode, elsewhere as unknown as any other address. */
export function routes(env: Env, guards: Guards): Router<State> {
  const router = new Router<State>()
  const onlyDemo: Middleware = async (_ctx, next) => {
    if (!(await demo.isDemo(env))) throw new Refusal('not_found')
    await next()
  }
  router.get('/dev', onlyDemo, guards.anyone, async (ctx: Ctx) => {
    guide(ctx, guideFor(env, await demo.describe(env), ctx.state.language))
  })
  router.get('/dev/demo.json', onlyDemo, async (ctx: Ctx) => {
    ctx.body = await demo.describe(env)
  })
  router.get('/dev/mail', onlyDemo, guards.anyone, async (ctx: Ctx) => {
    const sent = await demo.mails(env)
    if (ctx.accepts(['html', 'json']) === 'json') ctx.body = sent.map(forPrograms)
    else mails(ctx, mailsFor(env, sent, ctx.state.language))
  })
  router.get('/dev/mail/:file', onlyDemo, async (ctx: Ctx) => {
    const sent = await demo.mails(env)
    const mail = sent.find(({ id }) => ctx['params'].file === `${id}.html`)
    if (!mail) throw new Refusal('not_found')
    ctx.set('Content-Security-Policy', MAIL_POLICY)
    ctx.type = 'html'
    ctx.body = mail.html
  })
  return router
}

/** A mail carries its styles within; shown apart from our own pages, as nobody's page. */
const MAIL_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"

const forPrograms = ({ to, subject, text, html, at, attachments }: KeptMail) => {
  return { to, subject, text, html, at, attachments }
}
