/** The one hand that writes companies: the onboarding file and an approval both come here (S-18, J10). */
import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { canonical, type AuditEvent, type Json } from '../audit/model.ts'
import type { Env } from '../env.ts'
import type { Person } from '../persons.ts'
import type { MemberBody, MemberStatus } from './model.ts'
import * as store from './store.ts'

type Actor = AuditEvent['actor']

/** Who the audit names. */
export function actorOf(by: Person): Actor {
  const kinds = { operator: 'operator', staff: 'staff', applicant: 'anonymous' } as const
  return { kind: kinds[by.kind], id: by.id }
}

/** SHA-256 over what a version says. */
export function hashOf(body: MemberBody): Buffer {
  return createHash('sha256')
    .update(canonical(body as unknown as Json))
    .digest()
}

type Turn = { status: MemberStatus; reason: string | null; at: Date }

export type Writing = {
  /** What is known of the company; undefined makes it known. */
  known: store.Known | undefined
  id: string
  corporateNumber: string
  body: MemberBody
  /** Its turns, oldest first; none where its standing stays. */
  turns: readonly Turn[]
  by: Actor
  act: string
}

export type Written = { version: number; news: ('added' | 'new_version' | 'status')[] }

/**
 * Writes a company: itself where it is new, a version where `body` says something else, its turns, and the audit line
 * where anything changed. Runs in the caller's transaction, under `store.lockOnboarding`.
 */
export async function write(env: Env, asked: Writing): Promise<Written> {
  const { known, id, corporateNumber, body, turns } = asked
  const hash = hashOf(body)
  const written: Written = { version: known?.version ?? 0, news: [] }
  const status = turns.at(-1)?.status ?? known?.status
  if (!status) throw new Error('a company begins with a standing')
  if (!known) await store.insert(env.db, { id, corporateNumber, status, createdAt: env.now() })
  if (!known?.hash.equals(hash)) {
    written.version++
    written.news.push(known ? 'new_version' : 'added')
    const row = { id: env.newId(), memberId: id, version: written.version, body, hash }
    await store.insertVersion(env.db, { ...row, at: env.now() })
  }
  for (const turn of turns)
    await store.insertStatusChange(env.db, { id: env.newId(), memberId: id, ...turn })
  if (known && turns.length) {
    written.news.push('status')
    await store.setStatus(env.db, id, status, env.now())
  }
  if (written.news.length) await note(env, asked, { hash, status, version: written.version })
  return written
}

/** A company as it is written to next, held until the transaction ends. */
export function hold(env: Env, memberId: string): Promise<store.Held | undefined> {
  return store.hold(env.db, memberId)
}

async function note(
  env: Env,
  { id, known, by, act }: Writing,
  after: { hash: Buffer; status: string; version: number },
): Promise<void> {
  await audit.record(env, {
    actor: by,
    act,
    object: { kind: 'member', id },
    details: {
      before: known ? { hash: known.hash.toString('hex'), status: known.status } : null,
      after: { hash: after.hash.toString('hex'), status: after.status },
      version: after.version,
    },
  })
}
