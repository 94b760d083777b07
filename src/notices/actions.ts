import { count, type Limit } from '../database/limits.ts'
import type { Env } from '../env.ts'
import { seal } from '../vault.ts'
import { CAPPED, type DevMail, type LetterName, type Mail } from './model.ts'
import * as store from './store.ts'

const PER_RECIPIENT: Limit = { name: 'mail', points: 5, seconds: 3600 }

/**
 * Lays a letter into the queue, in the transaction of `env` where there is one; a mail server that is down delays it
 * and nothing else (R19). The job holds it sealed. Beyond the cap of a letter strangers can cause, nothing is sent,
 * and the caller is not told: its page must read the same (H23).
 */
export async function send<L extends LetterName>(env: Env, mail: Mail<L>): Promise<void> {
  if (isNobody(mail.to)) return
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

/** Addresses of made-up people: no mail ever leaves for them (RFC 2606 §2). */
const isNobody = (to: string) => to.endsWith('.invalid')

/** The mails a demo keeps where no SMTP_URL is set, newest first: /dev/mail. */
export function devMails(env: Env): Promise<DevMail[]> {
  return store.devMails(env.db)
}
