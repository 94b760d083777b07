/** The company itself: what is registered about it, its people and its contracts. */
import * as contracts from '../contracts/actions.ts'
import { stateOf, turnOf, type Contract } from '../contracts/model.ts'
import { dayOf } from '../input/days.ts'
import * as members from '../members/actions.ts'
import { isInOffice } from '../members/model.ts'
import { STAFF_ROLES } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import {
  both,
  day,
  end,
  exactly,
  lastDayOf,
  listOf,
  moment,
  nullable,
  text,
  uuid,
  type Endpoint,
} from './endpoint.ts'

const profile = exactly({
  corporateNumber: text,
  status: text,
  version: { type: 'integer' },
  names: both,
  address: both,
  representative: both,
  contact: exactly({ desk: both, phone: text, email: text, url: text }),
})

const person = exactly({
  id: uuid,
  name: text,
  email: text,
  role: { enum: STAFF_ROLES },
  endsOn: nullable(end.on),
})

const side = { enum: ['consortium', 'member'] }
const ids = { type: 'array', items: text }

const contract = exactly({
  id: uuid,
  number: text,
  version: { type: 'integer' },
  state: { enum: ['coming', 'in_force', 'ended'] },
  from: day,
  to: end.on,
  subjectType: { enum: ['public', 'pairwise'] },
  offlineAccess: { type: 'boolean' },
  flows: {
    type: 'array',
    items: exactly({
      giver: side,
      receiver: side,
      items: ids,
      dataset: nullable(text),
      purposes: ids,
      delivery: text,
      from: moment,
      until: end.at,
      untilOn: end.on,
      consideration: nullable(text),
    }),
  },
  hash: text,
})

export const companyDoors: readonly Endpoint[] = [
  {
    operation: 'getCompany',
    method: 'get',
    path: '/company',
    scope: 'company:read',
    summary: 'What is registered about the company',
    answer: profile,
    async run(env, { company }) {
      const found = await members.byId(env, company.memberId)
      if (!found) throw new Refusal('not_found')
      const { corporateNumber, status, version, names, address, representative } = found
      const { desk, phone, email, url } = found.contact
      const contact = { desk, phone, email, url }
      return { corporateNumber, status, version, names, address, representative, contact }
    },
  },
  {
    operation: 'listStaff',
    method: 'get',
    path: '/staff',
    scope: 'company:read',
    summary: 'The company’s people at the portal',
    answer: listOf(person),
    async run(env, { company }) {
      const today = dayOf(env.now())
      const all = await members.staffOf(env, company.memberId)
      const staff = all.filter((one) => isInOffice(one, today))
      return {
        items: staff.map(({ id, name, email, role, endsOn }) => ({
          id,
          name,
          email,
          role,
          endsOn,
        })),
      }
    },
  },
  {
    operation: 'listContracts',
    method: 'get',
    path: '/contracts',
    scope: 'company:read',
    summary: 'The company’s contracts, as they stand now or will begin',
    answer: listOf(contract),
    async run(env, { company }) {
      const all = await contracts.ofMember(env, company.memberId)
      return { items: all.map((one) => shown(one, env.now())) }
    },
  },
  {
    operation: 'getContract',
    method: 'get',
    path: '/contracts/{contractId}',
    scope: 'company:read',
    summary: 'One contract of the company',
    answer: contract,
    async run(env, { company, params }) {
      const found = await contracts.byId(env, params['contractId'] ?? '')
      if (found?.memberId !== company.memberId) throw new Refusal('not_found')
      return shown(found, env.now())
    },
  },
]

/** The version whose turn it is; days are days in Asia/Tokyo, the last one included. */
function shown(one: Contract, at: Date) {
  const turn = turnOf(one, at)
  return {
    id: one.id,
    number: one.number,
    version: turn.version,
    state: stateOf(turn, at),
    from: dayOf(turn.startsAt),
    to: lastDayOf(turn.endsAt),
    subjectType: turn.subjectType,
    offlineAccess: turn.offlineAccess,
    flows: turn.flows.map((flow) => ({
      giver: flow.giver,
      receiver: flow.receiver,
      items: flow.items,
      dataset: flow.dataset,
      purposes: flow.purposes,
      delivery: flow.delivery,
      from: flow.startsAt.toISOString(),
      until: flow.endsAt.toISOString(),
      untilOn: lastDayOf(flow.endsAt),
      consideration: flow.consideration,
    })),
    hash: turn.hash,
  }
}
