import { setTimeout as sleep } from 'node:timers/promises'
import type Router from '@koa/router'
import { fieldsIn, readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { clientAddress } from '../http/headers.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import type { Fields } from '../refusal.ts'
import { noteShown, shownTo, to } from './browser.ts'
import { resendVerification } from './confirming.ts'
import { lookUp, profileForm, typedIn } from './form.ts'
import { PROFILE_FIELDS, type Typed } from './model.ts'
import type { AddressPage, SignUpPage } from './pages.ts'
import type { CollectionOffered } from './routes.ts'
import { emailSchema, signUpSchema } from './schema.ts'
import { signUp } from './signup.ts'
import { termText, termsInForce } from './term_text.ts'

const views = {
  signUp: page<SignUpPage>('residents/signup'),
  sent: page('residents/sent'),
  resend: page<AddressPage>('residents/resend'),
}

const PATH = '/signup'

/** Milliseconds before an answer that must not tell whether an address is known (H2): longer than the work takes. */
const ANSWER_AFTER = 400

/** Does the work, and answers no sooner than every other such answer. */
export async function evenly(work: Promise<void>): Promise<void> {
  await Promise.all([work, sleep(ANSWER_AFTER)])
}

type Typing = {
  email: string
  typed: Typed
  agreed: { provision: boolean; collection: boolean }
}

export function signUpRoutes(
  router: Router<State>,
  guards: Guards,
  collectionOffered: CollectionOffered,
): void {
  const show = async (
    ctx: Ctx,
    { email, typed, agreed }: Typing,
    fields: Fields = {},
    lookedUp = false,
  ) => {
    const { env, language } = ctx.state
    noteShown(ctx, PATH)
    const { title, version } = termsInForce(env)
    const form = profileForm(language, typed, inOrder(fields))
    const terms = { title: title[language], version }
    const provision = termText(env, 'provision', language)
    const offered = await collectionOffered(env)
    const collection = offered ? termText(env, 'collection', language) : undefined
    views.signUp(
      ctx,
      { ...form, email, terms, provision, collection, agreed, lookedUp },
      { status: Object.keys(fields).length ? 422 : 200 },
    )
  }

  router.get(PATH, guards.anyone, async (ctx) => {
    if (ctx.state.resident) return to(ctx, '/account')
    await show(ctx, { email: '', typed: {}, agreed: { provision: false, collection: false } })
  })

  router.post(PATH, async (ctx) => {
    const typing = typingIn(ctx)
    if (ctx.state.body?.['lookup'] !== undefined) {
      const { typed, fields } = lookUp(typing.typed)
      return show(ctx, { ...typing, typed }, fields, !Object.keys(fields).length)
    }
    const shown = shownTo(ctx, PATH)
    if (!shown) return show(ctx, typing)
    const { env, language } = ctx.state
    try {
      const { email, password } = readForm(ctx, signUpSchema)
      const collection = (await collectionOffered(env)) ? typing.agreed.collection : undefined
      const agreed = { ...typing.agreed, collection }
      const asked = { email, password, profile: typing.typed, agreed, shown, language }
      await evenly(signUp(env, { ...asked, address: clientAddress(ctx) }))
    } catch (error) {
      return show(ctx, typing, fieldsIn(error))
    }
    to(ctx, `${PATH}/sent`)
  })

  router.get(`${PATH}/sent`, guards.anyone, (ctx) => void views.sent(ctx, {}))
  router.get(`${PATH}/resend`, guards.anyone, (ctx) => {
    views.resend(ctx, { email: '', fields: {} })
  })
  router.post(`${PATH}/resend`, async (ctx) => {
    try {
      const { email } = readForm(ctx, emailSchema)
      await evenly(resendVerification(ctx.state.env, { email, address: clientAddress(ctx) }))
    } catch (error) {
      const fields = fieldsIn(error)
      return void views.resend(ctx, { email: emailIn(ctx), fields }, { status: 422 })
    }
    to(ctx, `${PATH}/sent`)
  })
}

/** Faults in the order of the page, for the summary. */
function inOrder(fields: Fields): Fields {
  const order = ['email', 'password', ...PROFILE_FIELDS]
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  return Object.fromEntries(Object.entries(fields).toSorted(([a], [b]) => place(a) - place(b)))
}

export function emailIn(ctx: Ctx): string {
  const email = ctx.state.body?.['email']
  return typeof email === 'string' ? email : ''
}

function typingIn(ctx: Ctx): Typing {
  const body = ctx.state.body ?? {}
  const provision = isTicked(body['agree_provision'])
  const collection = isTicked(body['agree_collection'])
  return { email: emailIn(ctx), typed: typedIn(body), agreed: { provision, collection } }
}

/** A ticked box sends its value; some programs send a plain no instead of nothing. */
function isTicked(value: unknown): boolean {
  return typeof value === 'string' && !['', '0', 'no', 'off', 'false'].includes(value)
}
