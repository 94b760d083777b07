/** The link by which an applicant comes back to an application: its hash is kept, the secret is in the mail alone (H18). */
import { createHash } from 'node:crypto'
import type { Env } from '../env.ts'
import { Refusal } from '../refusal.ts'
import type { Proposal } from '../reviews/model.ts'
import * as reviews from '../reviews/actions.ts'
import * as store from './store.ts'

const LINK_DAYS = 30

const hashOf = (secret: string) => createHash('sha256').update(secret).digest()

/** Makes a link to an application. @returns its address, for a mail */
export async function issueLink(env: Env, proposalId: string): Promise<string> {
  const secret = env.newSecret()
  const at = env.now()
  const expiresAt = new Date(at.getTime() + LINK_DAYS * 86_400_000)
  await store.insertLink(env.db, { secretHash: hashOf(secret), proposalId, at, expiresAt })
  return `${env.config.companyOrigin}/company/apply/open/${secret}`
}

/** The application behind a link. @throws Refusal link_expired */
export async function opened(env: Env, secret: string): Promise<Proposal> {
  const id = await store.linked(env.db, hashOf(secret), env.now())
  const proposal = id && (await reviews.find(env, id))
  if (!proposal) throw new Refusal('link_expired')
  return proposal
}
