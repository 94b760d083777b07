/** The company itself: what is registered about it, and its people. */
import * as members from '../members/actions.ts'
import { Refusal } from '../refusal.ts'
import { both, exactly, text, type Endpoint } from './endpoint.ts'

const profile = exactly({
  corporateNumber: text,
  status: text,
  version: { type: 'integer' },
  names: both,
  address: both,
  representative: both,
  contact: exactly({ desk: both, phone: text, email: text, url: text }),
})

export const company: readonly Endpoint[] = [
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
]
