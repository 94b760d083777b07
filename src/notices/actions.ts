import { count, type Limit } from '../database/limits.ts'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import type { Language } from '../locales/index.ts'
import { seal } from '../vault.ts'
import {
  CAPPED,
  wordsOf,
  type KeptMail,
  type LetterName,
  type Mail,
  type Post,
  type Posted,
  type PostKind,
  type Unread,
  type Wanted,
} from './model.ts'
import * as store from './store.ts'

const PER_RECIPIENT: Limit = { name: 'mail', points: 5, seconds: 3600 }

/**
 * Lays a letter into the queue, in the transaction of `env` where there is one; a mail server that is down delays it
 * and nothing else (R19). The job holds it sealed. Beyond the cap of a letter strangers can cause, nothing is sent,
 * and the caller is not told: its page must read the same (H23).
 */
export async function send<L extends LetterName>(env: Env, mail: Mail<L>): Promise<void> {
  if (!reaches(mail.to)) return
  if (CAPPED.has(mail.letter)) {
    const { within } = await count(env, PER_RECIPIENT, mail.to)
    if (!within) {
      env.log.warn({ event: 'mail_capped', letter: mail.letter })
      return
    }
  }
  const id = env.newId()
  const sealed = seal(env.secrets.mail, JSON.stringify(mail), `mail:${id}`)
  await env.queue.send(env.db, 'notices.mail', { id, sealed: sealed.toString('base64') })
}

/** Letters to many in one statement, none of them of a capped kind; a letter to one person overtakes them. */
export async function sendMany<L extends LetterName>(
  env: Env,
  mails: readonly Mail<L>[],
): Promise<void> {
  const jobs = mails
    .filter((mail) => reaches(mail.to))
    .map((mail) => {
      const id = env.newId()
      const sealed = seal(env.secrets.mail, JSON.stringify(mail), `mail:${id}`)
      return { id, sealed: sealed.toString('base64') }
    })
  await env.queue.sendMany(env.db, 'notices.mail', jobs)
}

/** Whether mail may leave for an address: made-up people's never does (RFC 2606 §2). */
export function reaches(to: string): boolean {
  return !to.endsWith('.invalid')
}

/** The mails a demo keeps where no SMTP_URL is set, newest first: /dev/mail. */
export function devMails(env: Env): Promise<KeptMail[]> {
  return store.devMails(env.db)
}

/**
 * Lays a notice on a resident's page (/account/notices), in the transaction of `env` where there is one. Its words are
 * `notices.posts[kind](values)` in the reader's language, when it is read.
 */
export async function post<K extends PostKind>(
  env: Env,
  residentId: string,
  what: Post<K>,
): Promise<void> {
  await postMany(env, [{ ...what, residentId }])
}

/** Notices laid in one statement. */
const AT_ONCE = 500

/**
 * The same for many residents, in statements of some hundred. What a resident has with the same `once` is left out, so
 * that a batch may run again.
 *
 * @returns how many are new
 */
export async function postMany<K extends PostKind>(
  env: Env,
  posts: readonly (Post<K> & { residentId: string })[],
): Promise<number> {
  const at = env.now()
  let added = 0
  for (let from = 0; from < posts.length; from += AT_ONCE) {
    const rows = posts.slice(from, from + AT_ONCE).map((post) => ({
      id: env.newId(),
      resident_id: post.residentId,
      kind: post.kind,
      must_read: post.mustRead,
      values: post.values,
      link: post.link ?? null,
      once: post.once ?? null,
      posted_at: at,
    }))
    added += await store.insertNotices(env.db, rows)
  }
  return added
}

/** A page of a resident's notices, newest first. */
export function listed(
  env: Env,
  residentId: string,
  at: { limit: number; offset: number },
): Promise<{ notices: Posted[]; total: number }> {
  return store.noticesOf(env.db, residentId, at)
}

/** Opens one: it is read from now on. Undefined where it is not theirs. */
export async function open(env: Env, residentId: string, id: string): Promise<Posted | undefined> {
  return isUuid(id) ? store.open(env.db, residentId, id, env.now()) : undefined
}

/** What the frame of each page says: how many are unread, and those that must be read. */
export async function unread(env: Env, residentId: string, language: Language): Promise<Unread> {
  const { count, notices } = await store.unread(env.db, residentId)
  const must = notices.filter(({ mustRead }) => mustRead)
  return {
    count,
    mustRead: must.map((notice) => ({
      href: `/account/notices/${notice.id}`,
      title: wordsOf(notice, language).title,
    })),
  }
}

/** Which of the letters with a switch this resident wants. */
export function wanted(env: Env, residentId: string): Promise<Wanted> {
  return store.wanted(env.db, residentId)
}

export async function setWanted(env: Env, residentId: string, wanted: Wanted): Promise<void> {
  await store.setWanted(env.db, residentId, wanted, env.now())
}

/** Nothing of this room stays of accounts that were erased. Joins the transaction of `env`. */
export async function forget(env: Env, residentIds: readonly string[]): Promise<void> {
  await atomically(env, (env) => store.forget(env.db, residentIds))
}
