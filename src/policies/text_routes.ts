import type { Router } from '@koa/router'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { isLanguage, type Language } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import { addressOf, type Template } from '../templates/model.ts'
import { agreedText, agreedTexts } from './agreed.ts'
import type { AgreedTextsPage, TextChangesPage, TextPage, TextsPage } from './pages.ts'
import * as texts from './texts.ts'

const views = {
  all: page<TextsPage>('policies/versions'),
  one: page<TextPage>('policies/version'),
  changes: page<TextChangesPage>('policies/changes'),
  mine: page<AgreedTextsPage>('policies/agreed'),
}

/** `/terms/versions/…`, the same for everybody, and `/account/texts`, what this resident agreed to. */
export function textRoutes(router: Router<State>, guards: Guards): void {
  const version = '/terms/versions/:template/:version'
  router.get('/terms/versions', guards.anyone, (ctx) =>
    views.all(ctx, { texts: texts.everyText(ctx.state.env, ctx.state.language) }),
  )
  router.get(version, guards.anyone, (ctx) =>
    to(ctx, addressOf(versionIn(ctx), ctx.state.language)),
  )
  router.get(`${version}/changes`, guards.anyone, (ctx) =>
    to(ctx, `${addressOf(versionIn(ctx), ctx.state.language)}/changes`),
  )
  router.get(`${version}/:language`, guards.anyone, (ctx) => {
    const { of, language } = textIn(ctx)
    showText(ctx, of, language)
  })
  router.get(`${version}/:language/changes`, guards.anyone, changes)
  router.get(`${version}/:language/source`, guards.anyone, source)
  router.get('/account/texts', guards.resident, async (ctx) => {
    const { env, language } = ctx.state
    views.mine(ctx, { texts: await agreedTexts(env, residentIdIn(ctx), language) })
  })
  router.get('/account/texts/:template/:version/:language', guards.resident, async (ctx) => {
    const { of, language } = textIn(ctx)
    const asked = ctx['params'] as { template: string; version: string; language: string }
    const { env } = ctx.state
    const mine = await agreedText(env, residentIdIn(ctx), asked, ctx.state.language)
    showText(ctx, of, language, mine.answers)
  })
}

function showText(ctx: Ctx, of: Template, language: Language, answers?: TextPage['answers']): void {
  const { env, language: reader } = ctx.state
  views.one(ctx, {
    text: texts.describe(env, of, language, reader),
    parts: texts.partsToRead(env, of, language, reader),
    blanks: of.kind === 'consent',
    answers,
  })
}

function changes(ctx: Ctx): void {
  const { env, language: reader } = ctx.state
  const { of, language } = textIn(ctx)
  const { before, sections } = texts.changesOf(env, of, language)
  const [was, now] = [before, of].map((one) => texts.describe(env, one, language, reader))
  if (!was || !now) throw new Error('two versions are described')
  views.changes(ctx, { text: now, change: { before: was, now, reason: now.reason, sections } })
}

function source(ctx: Ctx): void {
  const { of, language } = textIn(ctx)
  ctx.attachment(`${of.template}-${of.version}-${language}.txt`)
  ctx.type = 'application/octet-stream'
  ctx.body = texts.sourceFor(of, language)
}

function versionIn(ctx: Ctx): Template {
  const { template = '', version = '' } = ctx['params'] as { template?: string; version?: string }
  return texts.published(ctx.state.env, { template, version })
}

/** @throws Refusal not_found for another language than those it was published in */
function textIn(ctx: Ctx): { of: Template; language: Language } {
  const { language = '' } = ctx['params'] as { language?: string }
  if (!isLanguage(language)) throw new Refusal('not_found')
  return { of: versionIn(ctx), language }
}

function residentIdIn(ctx: Ctx): string {
  if (!ctx.state.resident) throw new Refusal('sign_in_required')
  return ctx.state.resident.residentId
}
