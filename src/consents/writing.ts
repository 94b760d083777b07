/** Appends a consent version: the only way a row gets into `consents`. */
import * as audit from '../audit/actions.ts'
import { commitment, evidence, type AuditEvent } from '../audit/model.ts'
import type { Env } from '../env.ts'
import type { Resident } from '../residents/model.ts'
import { seal } from '../vault.ts'
import type { Consent } from './model.ts'
import * as store from './store.ts'

/**
 * Appends a consent version with its evidence and audit line.
 *
 * @param operatorId who it was at the consortium, where `actedBy` is the operator
 */
export async function write(
  env: Env,
  resident: Resident,
  consent: Consent,
  operatorId?: string,
): Promise<void> {
  const salt = Buffer.from(env.newSecret(), 'base64url')
  const sealed = evidence({
    id: consent.id,
    event: consent.kind,
    agreement: consent.agreementId,
    version: consent.version,
    subject: commitment(salt, consent.residentId),
    service: consent.serviceId,
    member: consent.memberId,
    service_version: consent.serviceVersionId,
    contract_version: consent.contractVersionId,
    template: consent.template,
    template_version: consent.templateVersion,
    template_hash: consent.templateHash.toString('hex'),
    language: consent.language,
    showing: consent.showingId,
    page_hash: consent.pageHash?.toString('hex') ?? null,
    shown_at: consent.shownAt?.toISOString() ?? null,
    agreed_at: consent.agreedAt.toISOString(),
    items: consent.items.map((i) => ({
      item: i.item,
      version: i.itemVersion,
      purposes: i.purposes,
      required: i.required,
      ...(i.bounds && { bounds: i.bounds }),
    })),
    declined: consent.declined,
    subject_type: consent.subjectType,
    ends_at: consent.endsAt.toISOString(),
    deletion_requested: consent.deletionRequested,
    ...(consent.actedBy && { acted_by: consent.actedBy }),
    ...(consent.onRequest && { on_request: consent.onRequest }),
  })
  await store.insertConsent(
    env.db,
    consent,
    seal(resident.dataKey, salt, `consent:${consent.id}`),
    sealed,
  )
  await audit.record(env, {
    actor: actorOf(consent, operatorId),
    act: `consents.${consent.kind}`,
    object: { kind: 'agreement', id: consent.agreementId },
    details: {
      service: consent.serviceId,
      version: consent.version,
      items: consent.items.map((i) => i.item),
      ...(consent.onRequest && { request: consent.onRequest }),
    },
  })
}

function actorOf(
  { actedBy, serviceId, residentId }: Consent,
  operatorId: string | undefined,
): AuditEvent['actor'] {
  if (actedBy === 'service') return { kind: 'service', id: serviceId }
  if (actedBy === 'operator' && operatorId) return { kind: 'operator', id: operatorId }
  return { kind: 'resident', id: residentId }
}
