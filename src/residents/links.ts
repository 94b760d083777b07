/** Links in mails: a random secret in the mail, its hash in the table, one use, an end (H18, H19). */
import { createHash } from 'node:crypto'
import type { Env } from '../env.ts'
import { reaches } from '../notices/actions.ts'
import type { Mail } from '../notices/model.ts'
import { Refusal } from '../refusal.ts'
import { seal, unseal } from '../vault.ts'
import { LINK_MINUTES, type LinkKind, type Resident } from './model.ts'
import * as store from './store.ts'

export type Issued = { id: string; href: string; secret: string }

/** Makes a link of a kind; `carries` (a new address) is sealed under the resident's key. */
export async function issue(
  env: Env,
  kind: LinkKind,
  resident: Pick<Resident, 'id' | 'dataKey'>,
  carries?: string,
): Promise<Issued> {
  const id = env.newId()
  const secret = env.newSecret()
  await store.insertLink(env.db, {
    id,
    kind,
    resident_id: resident.id,
    secret_hash: hashOf(secret),
    sealed: carries === undefined ? null : seal(resident.dataKey, carries, `link:${id}`),
    created_at: env.now(),
    expires_at: after(env.now(), kind),
  })
  return { id, href: `${env.config.issuer}/link/${kind}/${secret}`, secret }
}

/**
 * The link “this was not me” for a letter about somebody's own account, to spread into it: each letter has its own, made
 * in the transaction of its fact, so that sending it again makes no other (field 22; ADR 16). Made-up people get none.
 */
export async function notMeLink(
  env: Env,
  resident: Pick<Resident, 'id' | 'dataKey' | 'profile'>,
): Promise<Pick<Mail, 'notMe' | 'about'>> {
  const { email } = resident.profile
  if (!reaches(email)) return {}
  const { id, href } = await issue(env, 'not_me', resident, email)
  return { notMe: href, about: id }
}

/** Whose a link is, while it still works; nothing is consumed. */
export async function holder(
  env: Env,
  kind: LinkKind,
  secret: string,
): Promise<string | undefined> {
  return (await store.usableLink(env.db, kind, hashOf(secret), env.now()))?.resident_id
}

/**
 * Uses a link up. Call it in the transaction of the deed: where that fails, the link stays good.
 *
 * @throws Refusal link_expired
 */
export async function consume(env: Env, kind: LinkKind, secret: string): Promise<store.LinkRow> {
  const link = await store.consumeLink(env.db, kind, hashOf(secret), env.now())
  if (!link) throw new Refusal('link_expired')
  return link
}

/** What a link carries. */
export function carried(link: store.LinkRow, resident: Resident): string {
  if (!link.sealed) throw new Error('this link carries nothing')
  return unseal(resident.dataKey, link.sealed, `link:${link.id}`).toString()
}

/** The mail with the link has left: its time begins now, however long the mail server was down (R19). */
export async function mailSent(env: Env, linkId: string, at: Date): Promise<void> {
  const kind = await store.linkKind(env.db, linkId)
  if (kind) await store.setLinkExpiry(env.db, linkId, after(at, kind))
}

const after = (at: Date, kind: LinkKind) => new Date(at.getTime() + LINK_MINUTES[kind] * 60_000)
const hashOf = (secret: string) => createHash('sha256').update(secret).digest()
