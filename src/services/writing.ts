/** Writes what an onboarding file says about one service: versions are added, never changed. */
import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { canonical, type AuditEvent } from '../audit/model.ts'
import type { Catalogue } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import type { Fault } from '../input/faults.ts'
import { normalName } from '../input/spelling.ts'
import type { Change } from '../members/model.ts'
import type { Person } from '../persons.ts'
import { bodyOf, clientHash, clientIdOf, clientOf, itemOf, methodOf, type Client } from './kept.ts'
import type { ServiceBody, ServiceItem, ServiceNow, ServiceStatus } from './model.ts'
import type { ServiceAsked } from './schema.ts'
import * as store from './store.ts'

export type WritingRule = 'client_id_of_another_member' | 'status_not_possible'

/** Where the service belongs. `path` is its JSON Pointer in the file, for faults. */
export type Place = {
  memberId: string
  corporateNumber: string
  contractId: string
  catalogue: Catalogue
  path: string
}

export type Written = {
  id: string
  clientId: string
  change: Change
  faults: Fault<WritingRule>[]
  /** Only where it was made just now: it is nowhere else. */
  secret?: string
}

/**
 * Makes a service known, or a new version of it; changes its client and status where the file says something else.
 * Runs in the caller's transaction, under `members.lockOnboarding`.
 */
export async function write(env: Env, asked: ServiceAsked, place: Place): Promise<Written> {
  const clientId = asked.clientId ?? clientIdOf(place.corporateNumber, asked.key ?? '')
  const known = await store.known(env.db, clientId)
  const id = known?.id ?? env.newId()
  const change: Change = {
    what: 'service',
    name: normalName(asked.names.ja),
    version: known?.version ?? 0,
    news: [],
  }
  const decline = (field: string, rule: WritingRule): Written => ({
    id,
    clientId,
    change,
    faults: [{ path: `${place.path}/${field}`, rule }],
  })
  if (known && known.memberId !== place.memberId)
    return decline(asked.clientId ? 'clientId' : 'key', 'client_id_of_another_member')
  if (known && !mayBecome(known.status, asked.status))
    return decline('status', 'status_not_possible')
  const secret = newSecret(env, asked, known)
  const client = clientOf(asked, place.contractId, { known, secret })
  await writeClient(env, { id, clientId, asked, client, known, change, memberId: place.memberId })
  const hash = await writeVersion(env, { id, asked, known, change, catalogue: place.catalogue })
  await writeStatus(env, { id, asked, known, change })
  if (change.news.length)
    await note(env, { id, known, client, hash, status: asked.status, version: change.version })
  return { id, clientId, change, faults: [], ...(secret && { secret }) }
}

/** An ended service stays ended; one that was live does not become a draft again. */
export function mayBecome(from: ServiceStatus, to: ServiceStatus): boolean {
  if (from === to) return true
  if (from === 'ended') return false
  return !['live', 'suspended'].includes(from) || ['live', 'suspended', 'ended'].includes(to)
}

/** A secret is made once, when the service needs one and none is known or given. */
function newSecret(
  env: Env,
  asked: ServiceAsked,
  known: store.Known | undefined,
): string | undefined {
  if (methodOf(asked) !== 'client_secret_basic') return undefined
  return asked.client.secretSha256 || known?.secretHash ? undefined : env.newSecret()
}

type Step = { id: string; asked: ServiceAsked; known: store.Known | undefined; change: Change }

async function writeClient(
  env: Env,
  step: Step & { clientId: string; client: Client; memberId: string },
) {
  const { id, clientId, client, known, change, memberId } = step
  if (!known) {
    await store.insert(env.db, {
      ...client,
      id,
      memberId,
      clientId,
      status: step.asked.status,
      at: env.now(),
    })
  } else if (clientHash(known) !== clientHash(client)) {
    change.news.push('client')
    await store.updateClient(env.db, id, client)
  }
}

async function writeVersion(env: Env, step: Step & { catalogue: Catalogue }): Promise<Buffer> {
  const { id, asked, known, change, catalogue } = step
  const body = bodyOf(asked)
  const items = asked.items.map((item) => itemOf(item, catalogue))
  const hash = versionHash(body, items)
  if (known?.hash.equals(hash)) return hash
  change.version++
  change.news.push(known ? 'new_version' : 'added')
  const row = { id: env.newId(), serviceId: id, version: change.version, body, items, hash }
  await store.insertVersion(env.db, { ...row, at: env.now() })
  return hash
}

/** Without the catalogue's version: a new one there does not make the same file a new version here. */
export function versionHash(body: ServiceBody, items: readonly ServiceItem[]): Buffer {
  const unversioned = items.map((item) => ({ ...item, itemVersion: 0 }))
  return createHash('sha256')
    .update(canonical({ ...body, items: unversioned }))
    .digest()
}

/** A new version of a service in which only `changes` differ. Runs under `members.lockOnboarding`. */
export async function rewrite(env: Env, now: ServiceNow, changes: Partial<ServiceBody>) {
  const { id: _id, version: _version, items: _items, ...before } = now.version
  await writeBody(env, now, { ...before, ...changes }, { kind: 'system', id: 'onboarding' })
}

/** A new version that leads nowhere and is told of nothing, until its company says where (A3, S-59). */
export async function withoutAddresses(env: Env, now: ServiceNow, by: Person) {
  const { id: _id, version: _version, items: _items, ...before } = now.version
  const { backchannelLogoutUri: _logout, eventsUri: _events, ...rest } = before
  const none = { redirectUris: [], postLogoutRedirectUris: [], landingOrigins: [] }
  await writeBody(env, now, { ...rest, ...none }, { kind: 'operator', id: by.id })
}

async function writeBody(env: Env, now: ServiceNow, body: ServiceBody, actor: AuditEvent['actor']) {
  const { id: _id, version: known, items, ...before } = now.version
  const hash = versionHash(body, items)
  const version = known + 1
  const row = { id: env.newId(), serviceId: now.service.id, version, body, items, hash }
  await store.insertVersion(env.db, { ...row, at: env.now() })
  await audit.record(env, {
    actor,
    act: 'services.rewrite',
    object: { kind: 'service', id: now.service.id },
    details: {
      before: versionHash(before, items).toString('hex'),
      after: hash.toString('hex'),
      version,
    },
  })
}

async function writeStatus(env: Env, { id, asked, known, change }: Step) {
  if (known?.status === asked.status) return
  if (known) change.news.push('status')
  await store.setStatus(env.db, id, asked.status, env.now())
  const row = {
    id: env.newId(),
    serviceId: id,
    status: asked.status,
    reason: asked.statusReason ?? null,
  }
  await store.insertStatusChange(env.db, { ...row, at: env.now() })
}

type Note = {
  id: string
  known: store.Known | undefined
  client: Client
  hash: Buffer
  status: string
  version: number
}

async function note(env: Env, { id, known, client, hash, status, version }: Note) {
  const state = (version: Buffer, of: Client, status: string) => ({
    hash: version.toString('hex'),
    client: clientHash(of),
    status,
  })
  await audit.record(env, {
    actor: { kind: 'system', id: 'onboarding' },
    act: 'services.onboard',
    object: { kind: 'service', id },
    details: {
      before: known ? state(known.hash, known, known.status) : null,
      after: state(hash, client, status),
      version,
    },
  })
}
