/** `/company/services/:id/test`: the test client beside the live one, and the people who may sign in to it. */
import type { Router } from '@koa/router'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { nothingSchema } from '../input/bodies.ts'
import { isUuid } from '../input/ids.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Service, ServiceNow } from './model.ts'
import { headFor, own, staffOf } from './staff_doors.ts'
import type { SecretPage } from './keys_routes.ts'
import { hrefOf, type Head } from './staff_pages.ts'
import { testSchema } from './staff_schema.ts'
import * as testSide from './test_side.ts'

type Side = {
  clientId: string
  redirects: string[]
  method: Service['authMethod']
  version: number
}

/** views/services/staff_test.eta */
export type TestPage = {
  head: Head
  test: Side | undefined
  live: Side | undefined
  persons: { id: string; name: string; email: string; last: string | undefined }[]
  mayAdd: boolean
  manager: boolean
  values: { redirect_uris: string; auth_method: string }
  fields: Record<string, string>
  labels: Record<string, string>
  saved: boolean
}
/** views/services/staff_person.eta */
export type PersonPage = { head: Head; name: string; email: string; password: string; back: string }

const views = {
  test: page<TestPage>('services/staff_test'),
  secret: page<SecretPage>('services/staff_secret'),
  person: page<PersonPage>('services/staff_person'),
}
const PATH = '/company/services/:id/test'
const METHODS = ['client_secret_basic', 'private_key_jwt', 'none'] as const

export function testRoutes(router: Router<State>, guards: Guards): void {
  router.get(PATH, guards.staff(), async (ctx) => show(ctx))
  router.post(PATH, guards.staff(), guards.confirmed, async (ctx) => save(ctx))
  router.post(`${PATH}/secret`, guards.staff(), guards.confirmed, async (ctx) => {
    const { serviceId } = await own(ctx)
    readForm(ctx, nothingSchema)
    await showSecret(ctx, await testSide.issueTestSecret(ctx.state.env, serviceId, staffOf(ctx)))
  })
  router.post(`${PATH}/persons`, guards.staff(), guards.confirmed, async (ctx) => {
    const mine = await own(ctx)
    readForm(ctx, nothingSchema)
    const made = await testSide.makePerson(ctx.state.env, staffOf(ctx))
    const head = await headFor(ctx, mine, 'test')
    views.person(ctx, { head, ...made, back: hrefOf(mine.serviceId, 'test') }, { here: '' })
  })
  router.post(`${PATH}/persons/:person/end`, guards.staff(), async (ctx) => {
    const { serviceId } = await own(ctx)
    readForm(ctx, nothingSchema)
    const { person } = ctx.params as { person?: string }
    if (!isUuid(person)) throw new Refusal('not_found')
    await testSide.endPerson(ctx.state.env, person, staffOf(ctx))
    to(ctx, hrefOf(serviceId, 'test'))
  })
}

const sideOf = ({ service, version }: ServiceNow): Side => ({
  clientId: service.clientId,
  redirects: version.redirectUris,
  method: service.authMethod,
  version: version.version,
})

async function showSecret(ctx: Ctx, made: { clientId: string; secret: string }): Promise<void> {
  const mine = await own(ctx)
  const head = await headFor(ctx, mine, 'test')
  views.secret(ctx, { head, ...made, back: hrefOf(mine.serviceId, 'test') }, { here: '' })
}

type Again = Pick<TestPage, 'values' | 'fields'> & { line?: number | undefined }

async function show(ctx: Ctx, again?: Again): Promise<void> {
  const { env, language } = ctx.state
  const { memberId, role } = staffOf(ctx)
  const mine = await own(ctx)
  const test = await testSide.testOf(env, mine.serviceId, memberId)
  const persons = await residents.testPersons(env, memberId)
  const p = messages[language].portal
  const uris = p.fields.redirect_uris
  const data: TestPage = {
    head: await headFor(ctx, mine, 'test'),
    test: test && sideOf(test),
    live: mine.now && sideOf(mine.now),
    persons: persons.map(({ lastSignIn, ...one }) => ({
      ...one,
      last: lastSignIn && words(language).dateTime(lastSignIn),
    })),
    mayAdd: persons.length < residents.MOST_TEST_PERSONS,
    manager: role === 'manager',
    values: again?.values ?? {
      redirect_uris: test?.version.redirectUris.join('\n') ?? '',
      auth_method: test?.service.authMethod ?? 'client_secret_basic',
    },
    fields: again?.fields ?? {},
    labels: {
      redirect_uris: again?.line ? p.line(uris, again.line) : uris,
      auth_method: p.fields.auth_method,
      test: p.test.title,
    },
    saved: ctx.query['saved'] === '1',
  }
  views.test(ctx, data, { status: again ? 422 : 200 })
}

async function save(ctx: Ctx): Promise<void> {
  const { serviceId } = await own(ctx)
  const form = readForm(ctx, testSchema)
  const redirectUris = form.redirect_uris
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean)
  const authMethod = METHODS.find((method) => method === form.auth_method)
  try {
    if (!authMethod) throw new Refusal('invalid_input', { fields: { auth_method: 'not_one_of' } })
    const asked = { serviceId, redirectUris, authMethod }
    const { clientId, secret } = await testSide.saveTest(ctx.state.env, asked, staffOf(ctx))
    if (secret) return await showSecret(ctx, { clientId, secret })
    to(ctx, `${hrefOf(serviceId, 'test')}?saved=1`)
  } catch (error) {
    if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
    const line = Number(error.details['line']) || undefined
    await show(ctx, { values: form, fields: error.details.fields ?? {}, line })
  }
}
