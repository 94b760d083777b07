import { createTransport, type Transporter } from 'nodemailer'
import { isDemo } from '../database/demo.ts'
import type { Env } from '../env.ts'
import type { Frame } from '../http/views.ts'
import { render } from '../http/views.ts'
import type { Entry } from '../jobs/timetable.ts'
import { messages } from '../locales/index.ts'
import type { Letter } from '../locales/letter.ts'
import { words } from '../locales/words.ts'
import { unseal } from '../vault.ts'
import { oneLine, textOf, type Around, type DevMail, type Mail } from './model.ts'
import * as store from './store.ts'

const YEAR_MS = 365 * 86_400_000
/** Years a notice stays after it was read; letters, answers and records that it led to have their own terms. */
const NOTICE_YEARS = 3

export const timetable: readonly Entry[] = [
  {
    name: 'notices.sweep',
    everySeconds: 86_400,
    run: (env) =>
      store.deleteReadBefore(env.db, new Date(env.now().getTime() - NOTICE_YEARS * YEAR_MS)),
  },
]

/** Called when a letter was handed to the mail server: `about` as given to `send`. */
export type Sent = (env: Env, about: string, at: Date) => Promise<void>

/**
 * The handlers of this room. A letter that the server does not take is tried again with growing pauses; the id of the
 * job becomes the Message-ID, so that a second delivery can be known for what it is. Without a mail server a demo keeps
 * the letter for /dev/mail; anywhere else it is dropped, since it may hold a link that opens an account.
 */
export function handlers(env: Env, sent: Sent) {
  return {
    'notices.mail': async (data: unknown): Promise<void> => {
      const { id, sealed } = data as { id: string; sealed: string }
      const { smtpUrl } = env.config
      const plain = unseal(env.secrets.mail, Buffer.from(sealed, 'base64'), `mail:${id}`)
      const mail = JSON.parse(plain.toString('utf8')) as Mail
      if (!smtpUrl && !(await isDemo(env))) {
        env.log.warn({ event: 'mail_dropped', letter: mail.letter })
        return
      }
      const written = write(env, mail)
      if (smtpUrl) await post(env, smtpUrl, id, written)
      else await store.keepDevMail(env.db, id, written)
      if (mail.about) await sent(env, mail.about, written.at)
      env.log.info({ event: 'mail_sent', letter: mail.letter })
    },
  }
}

/** A letter in its reader's language, as text and as HTML. */
export function write(env: Env, mail: Mail): DevMail {
  const t = messages[mail.language]
  const site = env.config.installation
  const letters = t.notices.letters as Record<string, (values: unknown) => Letter>
  const letter = letters[mail.letter]?.(mail.values)
  if (!letter) throw new Error(`no letter ${mail.letter}`)
  const around: Around = {
    sender: `${t.frame.brand} – ${site.consortium[mail.language]}`,
    contact: t.notices.contact(site.contact.desk[mail.language], site.contact.phone),
    notMe: mail.notMe === undefined ? undefined : { ...t.notices.notMe, href: mail.notMe },
  }
  const frame: Frame = {
    lang: mail.language,
    t,
    w: words(mail.language),
    csrf: '',
    here: '',
    path: '',
    stylesheet: '',
    script: '',
    site,
    signedIn: false,
    unread: undefined,
    operator: undefined,
    staff: undefined,
    menu: [],
  }
  return {
    to: oneLine(mail.to),
    subject: oneLine(letter.subject),
    text: textOf(letter, around),
    html: render('mail/letter', { letter, ...around }, frame),
    at: env.now(),
    attachments: mail.attachments ?? [],
  }
}

const transports = new Map<string, Transporter>()

async function post(env: Env, smtpUrl: string, id: string, mail: DevMail): Promise<void> {
  let transport = transports.get(smtpUrl)
  if (!transport) {
    const timeouts = { connectionTimeout: 5000, greetingTimeout: 5000, socketTimeout: 20_000 }
    transport = createTransport({
      url: smtpUrl,
      ...timeouts,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    transports.set(smtpUrl, transport)
  }
  await transport.sendMail({
    from: env.config.installation.mailFrom,
    to: { name: '', address: mail.to },
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    attachments: mail.attachments.map(({ name, type, text }) => ({
      filename: name,
      contentType: type,
      content: text,
    })),
    date: mail.at,
    messageId: `<${id}@${new URL(env.config.issuer).hostname}>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
  })
}
