import type Router from '@koa/router'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { rememberLanguage } from '../http/language.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import type { Fields } from '../refusal.ts'
import { accountPage } from './account_page.ts'
import * as residents from './actions.ts'
import { need } from './accounts.ts'
import { noteShown, selfIn, shownTo, to } from './browser.ts'
import { lookUp, profileForm, typedIn, typedOf } from './form.ts'
import type { Typed } from './model.ts'
import { newTermsRoutes } from './new_terms_routes.ts'
import type { AccountDone, AccountPage, LanguagePage, ProfilePage } from './pages.ts'
import type { CollectionOffered } from './routes.ts'
import { languageSchema, profileSchema, termsSchema } from './schema.ts'

const views = {
  account: page<AccountPage>('residents/account'),
  profile: page<ProfilePage>('residents/profile'),
  language: page<LanguagePage>('residents/language'),
}

const PATH = '/account'
const DONE: readonly AccountDone[] = [
  'profile',
  'provision_on',
  'provision_off',
  'collection_on',
  'collection_off',
  'language',
  'kept',
]

export function accountRoutes(
  router: Router<State>,
  guards: Guards,
  collectionOffered: CollectionOffered,
): void {
  const only = guards.resident
  router.get(PATH, only, async (ctx) => {
    const { env } = ctx.state
    noteShown(ctx, PATH)
    const done = DONE.find((name) => name === ctx.query['done'])
    const offered = await collectionOffered(env)
    views.account(ctx, await accountPage(ctx, selfIn(ctx).residentId, done, offered))
  })
  router.post(`${PATH}/terms`, only, async (ctx) => {
    const { kind, given } = readForm(ctx, termsSchema)
    const answer = { kind, given: given === 'yes', shown: shownTo(ctx, PATH) }
    await residents.answerTerms(ctx.state.env, selfIn(ctx).residentId, answer)
    to(ctx, `${PATH}?done=${kind}_${answer.given ? 'on' : 'off'}`)
  })

  newTermsRoutes(router, guards)

  router.get(`${PATH}/profile`, only, async (ctx) => {
    const { resident } = await need(ctx.state.env, selfIn(ctx).residentId)
    showProfile(ctx, typedOf(resident.profile))
  })
  router.post(`${PATH}/profile`, only, async (ctx) => {
    const typed = typedIn(ctx.state.body ?? {})
    if (ctx.state.body?.['lookup'] !== undefined) {
      const found = lookUp(typed)
      return showProfile(ctx, found.typed, found.fields, !Object.keys(found.fields).length)
    }
    try {
      readForm(ctx, profileSchema)
      await residents.updateProfile(ctx.state.env, selfIn(ctx).residentId, typed)
    } catch (error) {
      return showProfile(ctx, typed, fieldsIn(error))
    }
    to(ctx, `${PATH}?done=profile`)
  })

  router.get(`${PATH}/language`, only, async (ctx) => {
    const { resident } = await need(ctx.state.env, selfIn(ctx).residentId)
    views.language(ctx, { language: resident.language })
  })
  router.post(`${PATH}/language`, only, async (ctx) => {
    const { language } = readForm(ctx, languageSchema)
    await residents.setLanguage(ctx.state.env, selfIn(ctx).residentId, language)
    rememberLanguage(ctx, language)
    to(ctx, `${PATH}?done=language`)
  })
}

function showProfile(ctx: Ctx, typed: Typed, fields: Fields = {}, lookedUp = false): void {
  const form = profileForm(ctx.state.language, typed, fields)
  const status = Object.keys(fields).length ? 422 : 200
  views.profile(ctx, { ...form, lookedUp }, { status })
}
