/** Role × route, made from the routes themselves (J1, G9): every address says whom it lets in, and does what it says. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { RoleGuard } from '../../src/http/guards.ts'
import { createApp } from '../../src/app.ts'
import { STAFF_COOKIE } from '../../src/members/guards.ts'
import { OPERATOR_COOKIE } from '../../src/operators/guards.ts'
import { cookieKeys } from '../../src/oidc/provider.ts'
import { OPERATOR_ROLES, STAFF_ROLES } from '../../src/persons.ts'
import { csrfOf } from '../people/steps.ts'
import { Browser, type Page } from '../support/browser.ts'
import { makeResident, makeService, PASSWORD } from '../support/builders.ts'
import { makeOperator, makeStaff, signIn, type SignedInPerson } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'

type Area = 'operator' | 'staff'
type Route = { method: string; path: string; guard: RoleGuard<string> | undefined }

/** Addresses that nobody needs to be signed in for. */
const OPEN = [
  /^\/(admin|company)\/login(\/|$)/,
  /^\/(admin|company)\/logout$/,
  /^\/(admin|company)\/invitation(\/|$)/,
  /^\/company\/apply(\/|$)/,
]
const BASE = { operator: '/admin', staff: '/company' } as const
const PLACE = { operator: OPERATOR_COOKIE, staff: STAFF_COOKIE } as const

let site: Site
let routes: Route[]

beforeAll(async () => {
  site = await openSite()
  const { rooms } = await createApp(site.env)
  routes = rooms.flatMap((room) =>
    room.stack.flatMap((layer) =>
      layer.methods
        .filter((method) => method !== 'HEAD')
        .map((method) => ({
          method,
          path: String(layer.path),
          guard: layer.stack.find((part) => 'allows' in part) as RoleGuard<string> | undefined,
        })),
    ),
  )
})
afterAll(() => site.close())

/** The routes of an area that say whom they let in. */
const guarded = (area: Area) =>
  routes.flatMap(({ method, path, guard }) =>
    guard?.area === area ? [{ method, path, allows: guard.allows }] : [],
  )

/** An address of a route, of things that are not there. */
const filled = (path: string) => path.replace(/:[A-Za-z_]+/g, () => randomUUID())

describe('every route of console and portal', () => {
  test('names whom it lets in', () => {
    const bare = routes.filter(
      ({ path, guard }) =>
        /^\/(admin|company)(\/|$)/.test(path) && !guard && !OPEN.some((open) => open.test(path)),
    )
    expect(bare.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })

  test('an auditor changes nothing', () => {
    const writing = routes.filter(
      ({ method, path, guard }) =>
        method === 'POST' &&
        guard?.area === 'operator' &&
        guard.allows.includes('auditor') &&
        !/^\/admin\/(confirm|account)(\/|$)/.test(path),
    )
    expect(writing.map(({ path }) => path)).toEqual([])
  })

  test.each([
    ['operator', '/admin'],
    ['staff', '/company'],
  ] as const)('of %s is below %s', (area, base) => {
    const away = guarded(area).filter(({ path }) => path !== base && !path.startsWith(`${base}/`))
    expect(away).toEqual([])
    expect(guarded(area).length).toBeGreaterThan(10)
  })
})

/** What a request to a route came to, in the words of the matrix. */
type Answer = 'login' | 'role_missing' | 'in'

async function ask(
  one: Browser,
  csrf: string,
  area: Area,
  route: { method: string; path: string },
) {
  const path = filled(route.path)
  const page = route.method === 'GET' ? await one.request(path) : await one.post(path, { csrf })
  expect({ ...route, status: page.status < 500 }).toEqual({ ...route, status: true })
  const location = page.headers.get('location') ?? ''
  if (page.status === 401 && page.text.includes('>sign_in_required')) return 'login'
  if (page.status === 303 && location.startsWith(`${BASE[area]}/login?to=`)) return 'login'
  if (page.status === 403 && page.text.includes('>role_missing')) return 'role_missing'
  return 'in'
}

/** Every route of an area, asked by one browser, against what its guard says. */
async function matrix(
  one: Browser,
  area: Area,
  expected: (allows: readonly string[]) => Answer,
): Promise<void> {
  const login = await one.open(`${BASE[area]}/login`)
  const csrf = csrfOf(login)
  const wrong: string[] = []
  for (const route of guarded(area)) {
    const [said, answer] = [expected(route.allows), await ask(one, csrf, area, route)]
    if (said !== answer) wrong.push(`${route.method} ${route.path}: ${answer}, not ${said}`)
  }
  expect(wrong).toEqual([])
}

function as(person?: SignedInPerson): Browser {
  const one = new Browser(site.issuer)
  if (person) signIn(one, person)
  return one
}

/** The session of one area, put into the cookie of the other, rightly signed. */
function smuggled(person: SignedInPerson, into: Area): Browser {
  const { name, path } = PLACE[into]
  const value = Object.entries(person.cookies).find(([key]) => !key.endsWith('.sig'))?.[1] ?? ''
  const cookies = { [name]: value, [`${name}.sig`]: cookieKeys(site.env).sign(`${name}=${value}`) }
  return as({ ...person, path, cookies })
}

const mainOf = ({ text }: Page) => /<main[\s\S]*<\/main>/.exec(text)?.[0]
const nobody = () => 'login' as const

describe('operators', () => {
  test.each(OPERATOR_ROLES)('%s enters what the guards say and nothing else', async (role) => {
    const person = await makeOperator(site.env, [role])
    await matrix(as(person), 'operator', (allows) =>
      allows.includes(role) ? 'in' : 'role_missing',
    )
  })

  test('nobody, an ended one, a resident and staff are led to the sign-in', async () => {
    await matrix(as(), 'operator', nobody)
    const ended = await makeOperator(site.env, [...OPERATOR_ROLES], { endsOn: '2020-03-31' })
    await matrix(as(ended), 'operator', nobody)
    const { memberId } = await makeService(site.env)
    await matrix(smuggled(await makeStaff(site.env, memberId), 'operator'), 'operator', nobody)
    const resident = as()
    await resident.signIn(await resident.open('/login'), {
      email: (await makeResident(site.env)).email,
      password: PASSWORD,
    })
    expect((await resident.request('/account')).status).toBe(200)
    await matrix(resident, 'operator', nobody)
  })
})

describe('staff', () => {
  test.each(STAFF_ROLES)('%s enters what the guards say and nothing else', async (role) => {
    const { memberId } = await makeService(site.env)
    const person = await makeStaff(site.env, memberId, role)
    await matrix(as(person), 'staff', (allows) => (allows.includes(role) ? 'in' : 'role_missing'))
  })

  test('of a company that left is nobody', async () => {
    const { memberId } = await makeService(site.env, { memberStatus: 'left' })
    await matrix(as(await makeStaff(site.env, memberId)), 'staff', nobody)
  })

  test.each(['suspended', 'excluded'])(
    'of a company that is %s sees that alone',
    async (status) => {
      const { memberId } = await makeService(site.env, { memberStatus: status })
      const one = as(await makeStaff(site.env, memberId))
      const csrf = csrfOf(await one.open('/company/login'))
      const said = await one.request('/company')
      expect(said.status).toBe(403)
      for (const { method, path } of guarded('staff')) {
        const address = filled(path)
        const page =
          method === 'GET' ? await one.request(address) : await one.post(address, { csrf })
        expect([method, path, page.status, mainOf(page)]).toEqual([method, path, 403, mainOf(said)])
      }
    },
  )

  test('nobody and operators are led to the sign-in', async () => {
    await matrix(as(), 'staff', nobody)
    const operator = await makeOperator(site.env, [...OPERATOR_ROLES])
    await matrix(smuggled(operator, 'staff'), 'staff', nobody)
  })
})

test('an operator at the pages of residents is nobody', async () => {
  const operator = await makeOperator(site.env, [...OPERATOR_ROLES])
  const one = as({ ...operator, path: '/' })
  expect((await one.request('/account')).headers.get('location')).toMatch(/^\/login/)
})
