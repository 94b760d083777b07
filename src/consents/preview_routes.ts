/**
 * The consent screen before anybody is asked: the very composition and view of the real one, with an invented person
 * (M4, A3). It stands here and not with the services, since there is only one consent screen.
 */
import { Router } from '@koa/router'
import type { Catalogue } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import type { Language } from '../locales/index.ts'
import { isLanguage, messages } from '../locales/index.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import { consentText, publicState, type Proposed } from '../services/model.ts'
import { compose, type Question } from './asking.ts'
import { offerOf, reasonToAsk, type Consent, type Offer, type Standing } from './model.ts'
import type { ConsentPage } from './pages.ts'

const screen = page<ConsentPage>('interaction/consent')

/** Who looks: operators at a proposal, staff at their own service. */
export function routes(_env: Env, guards: Guards, catalogue: Catalogue): Router<State> {
  const router = new Router<State>()
  router.get('/admin/reviews/:id/preview', guards.operator(), async (ctx) => {
    const { id } = ctx.params as { id: string }
    const proposed = await services.proposedBy(ctx.state.env, id)
    await show(ctx, { proposed, catalogue, back: `/admin/reviews/${id}` })
  })
  router.get('/company/services/:id/preview', guards.staff(), async (ctx) => {
    const { id } = ctx.params as { id: string }
    const { env, staff } = ctx.state
    const asked = { serviceId: id, memberId: staff?.memberId ?? '' }
    const proposed = staff && (await services.previewOf(env, asked))
    if (!proposed) throw new Refusal('not_found')
    await show(ctx, { proposed, catalogue, back: `/company/services/${id}` })
  })
  return router
}

type Shown = { proposed: Proposed; catalogue: Catalogue; back: string }

async function show(ctx: Ctx, { proposed, catalogue, back }: Shown): Promise<void> {
  const { env } = ctx.state
  // Not `lang`, which would change the language of every page of whoever looks (http/language.ts).
  const wanted = ctx.query['language']
  if (typeof wanted === 'string' && isLanguage(wanted)) ctx.state.language = wanted
  const { language } = ctx.state
  const again = ctx.query['state'] === 'again' && proposed.before !== undefined
  const asked = questionOf(env, proposed, language, again)
  const { redirectUris } = proposed.now.version
  const target = redirectUris[0] ?? ''
  const frame = {
    shown: '',
    notice: undefined,
    switchHref: '#main',
    destination: (URL.canParse(target) && new URL(target).host) || target,
    refuseHref: '#main',
  }
  const how = { catalogue, language, addHref: undefined, ticked: [], frame }
  const { before, at } = proposed
  const unregistered = !before || publicState(before, at) === undefined
  const content = await compose(env, asked, how)
  screen(ctx, { ...content, preview: { links: linksOf(ctx, proposed, back), unregistered } })
}

function linksOf(ctx: Ctx, { before }: Proposed, back: string) {
  const t = messages[ctx.state.language].reviewing.preview
  const state = ctx.query['state'] === 'again' ? 'again' : 'new'
  const href = (lang: Language, state: string) => `${ctx.path}?language=${lang}&state=${state}`
  const { language } = ctx.state
  return [
    { href: href('ja', state), text: t.ja },
    { href: href('en', state), text: t.en },
    ...(before
      ? [
          state === 'again'
            ? { href: href(language, 'new'), text: t.first }
            : { href: href(language, 'again'), text: t.again },
        ]
      : []),
    { href: back, text: t.back },
  ]
}

function questionOf(env: Env, proposed: Proposed, language: Language, again: boolean): Question {
  const { now, before, at } = proposed
  const template = env.templates.inForce(consentText(now, env.config.installation), env.now())
  const asked = now.version.items.map(({ item }) => item)
  const offer = offerOf(now, asked, template, at)
  const provision = { given: true, at }
  const base = { offer, resident: sample(language), provision }
  if (!again || !before) return { ...base, last: undefined, reason: 'new', asksFor: 'new' }
  const last = agreedBefore(before, offer, at)
  const since = env.templates.asksSince(template)
  const reason = reasonToAsk(last, offer, provision, at, false, since)
  return { ...base, last, reason, asksFor: reason ?? 'asked_by_service' }
}

/** As if the person had agreed to everything of the version in force. */
function agreedBefore(before: Proposed['now'], offer: Offer, at: Date): Standing {
  const items = before.version.items.map(
    ({ reasons: _r, effects: _e, retention: _k, ...item }) => item,
  )
  const consent = {
    items,
    declined: [],
    memberId: before.member.id,
    subjectType: before.contract.subjectType,
    template: offer.template.template,
    templateVersion: offer.template.version,
    showingId: null,
    agreedAt: at,
    endsAt: offer.endsAt,
  } as Partial<Consent> as Consent
  const agreement = { startedAt: at, endedAt: null } as Standing['agreement']
  return { agreement, consent }
}

/** A person who does not exist: values that nobody takes for anybody's. */
function sample(language: Language): Resident {
  return {
    id: '00000000-0000-4000-8000-000000000000',
    userId: 'MC-0000-0000-0000-0000-0000',
    language,
    chosenLanguage: language,
    emailVerifiedAt: new Date(0),
    createdAt: new Date(0),
    dataKey: Buffer.alloc(32),
    profile: {
      email: 'mihon@example.jp',
      family_name: '見本',
      given_name: '花子',
      family_name_kana: 'ミホン',
      given_name_kana: 'ハナコ',
      birth_year: '1990',
      sex: 'female',
      postal_code: '0600001',
      region: '北海道',
      locality: '札幌市中央区',
    },
  }
}
