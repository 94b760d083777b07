/** The record of what the company received (APPI 30; M8), for its own programs. */
import type { Env } from '../env.ts'
import { endOfDay, isDay, startOfDay } from '../input/days.ts'
import { isUuid } from '../input/ids.ts'
import * as records from '../records/actions.ts'
import type { Cursor } from '../records/model.ts'
import { Refusal } from '../refusal.ts'
import { both, exactly, moment, nullable, text, uuid, type Endpoint } from './endpoint.ts'

const list = (items: object) => ({ type: 'array', items })
const party = { names: both, address: both, representative: both }

const record = exactly({
  record: uuid,
  at: moment,
  path: { enum: ['userinfo', 'id_token', 'api', 'event', 'export'] },
  giver: exactly({ ...party, lead: nullable(both) }),
  obtained: both,
  person: exactly({ sub: text }),
  items: list(exactly({ id: text, names: both })),
  consent: exactly({
    obtained: { const: true },
    id: uuid,
    version: { type: 'integer' },
    at: moment,
    text: exactly({ template: text, version: { type: 'integer' } }),
  }),
  purposes: list(exactly({ id: text, names: both })),
  service: exactly({ id: uuid, names: both }),
  contract: text,
  test: { type: 'boolean' },
})

const PER_PAGE = 200

export const recordDoors: readonly Endpoint[] = [
  {
    operation: 'listRecords',
    method: 'get',
    path: '/records',
    scope: 'company:read',
    summary:
      'The company’s record of what it received (APPI 30), the oldest first, one row per provision',
    query: {
      from: 'First day, YYYY-MM-DD in Asia/Tokyo; from the beginning where absent',
      to: 'Last day, included; until now where absent',
      service: 'Id of one service',
      after: 'What `next` of the page before said; 200 rows a page',
    },
    answer: exactly({ items: list(record), next: nullable(text) }),
    async run(env, { company: { memberId, apiClientId }, query }) {
      const { from, to, service, after } = query
      if (from !== undefined && !isDay(from)) throw invalid('from')
      if (to !== undefined && !isDay(to)) throw invalid('to')
      if (service !== undefined && !isUuid(service)) throw invalid('service')
      const scope = {
        memberId,
        serviceId: service,
        from: from === undefined ? undefined : startOfDay(from),
        to: endOf(env, to),
      }
      const asked = { scope, after: cursorOf(after), limit: PER_PAGE, apiClientId }
      return records.forProgram(env, asked)
    },
  },
]

function endOf(env: Env, to: string | undefined): Date {
  const now = new Date(env.now().getTime() + 1)
  const end = to === undefined ? now : endOfDay(to)
  return end < now ? end : now
}

function cursorOf(after: string | undefined): Cursor | undefined {
  if (after === undefined) return undefined
  const [at = '', id = '', more] = after.split('.')
  if (!/^\d{1,14}$/.test(at) || !isUuid(id) || more !== undefined) throw invalid('after')
  return { at: new Date(Number(at)), id }
}

const invalid = (field: string) =>
  new Refusal('invalid_input', { fields: { [field]: 'not_valid' } })
