/** The mails of a test: the queue brings them within a second or so, into a database marked as demo (markDemo). */
import type { Env } from '../../src/env.ts'
import { devMails } from '../../src/notices/actions.ts'
import type { DevMail } from '../../src/notices/model.ts'

/** A letter that failed once is tried again ten to twenty seconds later (jobs/queue.ts). */
const PATIENCE = 30_000

/**
 * The mails to an address, oldest first, once there are `count`.
 *
 * @param about words of their subject; all mails where absent
 * @throws Error where they do not come
 */
export async function mailsTo(
  env: Env,
  address: string,
  count = 1,
  about = '',
): Promise<DevMail[]> {
  const until = Date.now() + PATIENCE
  for (;;) {
    const mails = (await devMails(env))
      .filter((mail) => mail.to === address && mail.subject.includes(about))
      .reverse()
    if (mails.length >= count) return mails
    if (Date.now() > until) throw new Error(`${mails.length} of ${count} mails came`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Waits until every job in the queue is done: what was not sent by now is not coming. */
export async function queueIsEmpty(env: Env): Promise<void> {
  const until = Date.now() + PATIENCE
  for (;;) {
    const { rows } = (await env.db.raw(
      `select count(*)::int as n from jobs.job where state < 'completed' and name <> 'dead'`,
    )) as { rows: { n: number }[] }
    if (rows[0]?.n === 0) return
    if (Date.now() > until) throw new Error('the queue does not empty')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const NOT_ME = '/link/not_me/'

/** The one link of a mail, the same in text and HTML; beside it there may be the one for whoever did not do it. */
export function linkIn(mail: DevMail | undefined): string {
  const links = [...new Set((mail?.text ?? '').match(/https?:\/\/\S+/g))]
  const own = links.filter((link) => links.length === 1 || !link.includes(NOT_ME))
  return same(mail, own)
}

/** The link “this was not me” of a mail, the same in text and HTML. */
export function notMeIn(mail: DevMail | undefined): string {
  const links = (mail?.text ?? '').match(/https?:\/\/\S+/g) ?? []
  return same(
    mail,
    links.filter((link) => link.includes(NOT_ME)),
  )
}

function same(mail: DevMail | undefined, links: readonly string[]): string {
  const [link = ''] = links
  if (links.length !== 1) throw new Error(`${links.length} links in the mail`)
  if (!mail?.html.includes(`href="${link}"`)) throw new Error('the HTML has another link')
  return link
}
