import type Router from '@koa/router'
import { takeReturn } from '../http/cookies.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages } from '../locales/index.ts'
import { textChanges } from '../templates/actions.ts'
import { addressOf, type Template } from '../templates/model.ts'
import { noteShown, selfIn, shownTo, to } from './browser.ts'
import { termsValues } from './model.ts'
import { answerNewTerms, newTerms, type NewTerms } from './new_terms.ts'
import type { NewTermsPage } from './pages.ts'
import { newTermsSchema } from './schema.ts'

const view = page<NewTermsPage>('residents/new_terms')
const PATH = '/account/terms/new'

/** What is different, and the two answers; an interaction leads here and is gone on with afterwards. */
export function newTermsRoutes(router: Router<State>, guards: Guards): void {
  router.get(PATH, guards.resident, show)
  router.post(PATH, guards.resident, async (ctx) => {
    const { decision } = readForm(ctx, newTermsSchema)
    if (decision === undefined) return show(ctx)
    const answer = { given: decision === 'agree', shown: shownTo(ctx, PATH, 'shown_terms') }
    await answerNewTerms(ctx.state.env, selfIn(ctx).residentId, answer)
    const uid = takeReturn(ctx)
    const query = new URLSearchParams({ answered: answer.given ? 'given' : 'refused' })
    if (uid) query.set('on', uid)
    to(ctx, `${PATH}?${query.toString()}`)
  })
}

async function show(ctx: Ctx): Promise<void> {
  const { env } = ctx.state
  const asked = await newTerms(env, selfIn(ctx).residentId)
  const { answered, on } = ctx.query
  const uid = typeof on === 'string' && /^[\w-]{10,64}$/.test(on) ? on : undefined
  const said = answered === 'refused' && asked?.refused ? 'refused' : asked ? undefined : 'given'
  if (said) {
    const refused = said === 'refused' ? '?answered=refused' : ''
    view(ctx, {
      answered: said,
      change: undefined,
      onHref: uid && `/interaction/${uid}${refused}`,
    })
    return
  }
  if (!asked) return
  noteShown(ctx, PATH, 'shown_terms')
  view(ctx, { answered: undefined, change: changeOf(ctx, asked), onHref: undefined })
}

function changeOf(ctx: Ctx, { before, now }: NewTerms): NewTermsPage['change'] {
  const { env, language } = ctx.state
  const { installation } = env.config
  const { edition } = messages[language].consents
  const values: Record<string, string> = {
    ...termsValues(installation, language),
    phone: installation.contact.phone,
    hours: installation.contact.hours[language],
    email: installation.contact.email,
    lead: installation.leadMember?.[language] ?? '',
  }
  const put = (text: string) =>
    text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '')
  const other = (['company', 'association', 'city'] as const).filter(
    (form) => form !== installation.legalForm,
  )
  const read = (text: Template) =>
    text.sections[language]
      .filter(({ id }) => !other.some((form) => id.endsWith(`_${form}`)))
      .map(({ id, title, body }) => ({
        id,
        title: put(title),
        lines: put(body).split('\n').filter(Boolean),
      }))
  const named = (text: Template) => ({
    title: text.title[language],
    edition: edition(text.version),
    href: addressOf(text, language),
  })
  return {
    before: named(before),
    now: named(now),
    reason: now.reason?.[language],
    sections: textChanges(read(before), read(now), language),
  }
}
