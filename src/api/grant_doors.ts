/** A service's own grants (Grant Management for OAuth 2.0, FAPI): look at one, and end it (ADR 18). */
import { catalogue } from '../catalogue/actions.ts'
import * as consents from '../consents/actions.ts'
import { subjectOfConsent } from '../consents/model.ts'
import type { Env } from '../env.ts'
import { Refusal } from '../refusal.ts'
import { end, exactly, moment, nullable, text, uuid, type ServiceEndpoint } from './endpoint.ts'

const names = { type: 'array', items: text }

const grant = exactly({
  grant_id: uuid,
  sub: text,
  claims: names,
  items: {
    type: 'array',
    items: exactly({
      item: text,
      version: { type: 'integer' },
      purposes: names,
      required: { type: 'boolean' },
      last_provided_at: nullable(moment),
    }),
  },
  agreed_at: moment,
  ends_at: end.at,
  consent: exactly({ id: uuid, version: { type: 'integer' } }),
  template: exactly({ id: text, version: { type: 'integer' } }),
  last_provided_at: nullable(moment),
})

const path = '/grants/{grantId}'

export const grantDoors: readonly ServiceEndpoint[] = [
  {
    operation: 'getGrant',
    method: 'get',
    path,
    scope: 'grant_management_query',
    summary:
      'What one resident agreed with the service: items, until when, and when each was last provided; no values',
    answer: grant,
    async run(env, { service, params }) {
      const found = await consents.grantOf(env, service, params['grantId'] ?? '')
      if (!found) throw new Refusal('not_found')
      return shown(env, found)
    },
  },
  {
    operation: 'endGrant',
    method: 'delete',
    path,
    scope: 'grant_management_revoke',
    summary:
      'Ends it, as if the resident had withdrawn at Machi ID: nothing is provided from that moment. Repeating changes nothing',
    async run(env, { service, params }) {
      const known = await consents.endedByService(env, service, params['grantId'] ?? '')
      if (!known) throw new Refusal('not_found')
    },
  },
]

async function shown(
  env: Env,
  { agreement, consent, userId, provided, answeredAt }: consents.GrantSeen,
) {
  const { items: known } = await catalogue(env)
  const last = new Map(provided.map((one) => [one.item, one.last]))
  const iso = (at: Date | undefined) => at?.toISOString() ?? null
  return {
    grant_id: agreement.id,
    sub: subjectOfConsent(env.secrets.pairwise, userId, consent),
    claims: known
      .filter(({ id }) => consent.items.some(({ item }) => item === id))
      .flatMap(({ claims }) => claims),
    items: consent.items.map(({ item, itemVersion, purposes, required }) => ({
      ...{ item, version: itemVersion, purposes, required },
      last_provided_at: iso(last.get(item)),
    })),
    agreed_at: answeredAt.toISOString(),
    ends_at: consent.endsAt.toISOString(),
    consent: { id: consent.id, version: consent.version },
    template: { id: consent.template, version: consent.templateVersion },
    last_provided_at: iso(
      provided
        .map((one) => one.last)
        .reduce<Date | undefined>((a, b) => (a && a > b ? a : b), undefined),
    ),
  }
}
