/** Contracts in the portal: read only, and of one's own company only; every other is not found (J3). */
import type { Router } from '@koa/router'
import type { Guards } from '../http/guards.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import * as contracts from './actions.ts'
import { readerOf } from './detail.ts'
import { rowOf } from './listing.ts'
import { bindingsOf, stateOf, turnOf, type Contract } from './model.ts'
import { shown, type PrintPage, type StaffPage, type StaffRow } from './pages.ts'
import { askedOf } from './writing.ts'

const BASE = '/company/contracts'
const views = {
  list: page<{ rows: StaffRow[] }>('contracts/staff_list'),
  detail: page<StaffPage>('contracts/staff_detail'),
  print: page<PrintPage>('contracts/staff_print'),
}

export function staffRoutes(router: Router<State>, guards: Guards): void {
  router.get(BASE, guards.staff(), async (ctx: Ctx) => {
    const { env, language } = ctx.state
    const own = await contracts.ofMember(env, ownCompany(ctx))
    const rows = own.map((one) => rowOf(one, { language, at: env.now(), base: BASE }))
    views.list(ctx, { rows })
  })
  router.get(`${BASE}/:id`, guards.staff(), async (ctx) => {
    views.detail(ctx, await staffPage(ctx, await own(ctx, ctx.params['id'])))
  })
  router.get(`${BASE}/:id/print`, guards.staff(), async (ctx) => {
    views.print(ctx, await printPage(ctx, await own(ctx, ctx.params['id'])))
  })
}

function ownCompany(ctx: Ctx): string {
  if (!ctx.state.staff) throw new Refusal('sign_in_required')
  return ctx.state.staff.memberId
}

/** @throws Refusal not_found, the same for a contract of another company and for none at all */
async function own(ctx: Ctx, id: string | undefined): Promise<Contract> {
  const all = await contracts.ofMember(ctx.state.env, ownCompany(ctx))
  const contract = all.find((one) => one.id === id)
  if (!contract) throw new Refusal('not_found')
  return contract
}

async function staffPage(ctx: Ctx, contract: Contract): Promise<StaffPage> {
  const { env, language } = ctx.state
  const at = env.now()
  const w = words(language)
  const now = turnOf(contract, at)
  const c = messages[language].contracts
  const reader = await readerOf(env, language)
  const whole = shown(askedOf(now), reader)
  return {
    number: contract.number,
    state: stateOf(now, at),
    contract: whole,
    version: c.version(now.version),
    open: bindingsOf(now, at).map(({ flow }) => {
      const facts = whole.flows[now.flows.indexOf(flow)]
      return {
        title: facts?.title ?? '',
        receiver: c.sides[flow.receiver],
        facts: facts?.facts ?? [],
        until: { date: w.lastDay(flow.endsAt), daysLeft: w.daysLeft(flow.endsAt, at) },
      }
    }),
    print: `${BASE}/${contract.id}/print`,
  }
}

async function printPage(ctx: Ctx, contract: Contract): Promise<PrintPage> {
  const { env, language } = ctx.state
  const c = messages[language].contracts
  const now = turnOf(contract, env.now())
  return {
    consortium: env.config.installation.consortium[language],
    company: contract.memberNames[language],
    contract: shown(askedOf(now), await readerOf(env, language)),
    version: c.version(now.version),
    hash: now.hash,
    printed: c.print.printed(words(language).dateTime(env.now())),
    back: `${BASE}/${contract.id}`,
  }
}
