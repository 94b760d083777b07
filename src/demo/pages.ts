/** What the /dev pages show; pure but for the configuration. */
import { generateSync } from 'otplib'
import type { Env } from '../env.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { KeptMail } from '../notices/model.ts'
import type { Demo } from './actions.ts'
import { yearAt } from './companies.ts'
import { residentsOf } from './people.ts'
import { portOf } from './seed.ts'

type Person = { email: string; password: string }

/** views/demo/guide.eta */
export type Guide = {
  sample: string
  residents: (Person & { note: string })[]
  groups: {
    title: string
    /** Where they sign in. */
    href: string
    /** With the code that an app would show now. */
    people: (Person & { totpSecret: string; code: string })[]
  }[]
  services: {
    name: string
    status: string
    clientId: string
    secret: string
    redirectUris: string[]
  }[]
}

export function guideFor(env: Env, demo: Demo, language: Language): Guide {
  const t = messages[language].demo
  const epoch = Math.floor(env.now().getTime() / 1000)
  const withCode = <T extends { totpSecret: string }>(one: T) => ({
    ...one,
    code: generateSync({ secret: one.totpSecret, epoch }),
  })
  const notes = residentsOf(yearAt(env.now())).map(({ note }) => t.notes[note])
  return {
    sample: `http://localhost:${portOf(env) + 1}/`,
    residents: demo.residents.map((one, n) => ({ ...one, note: notes[n] ?? '' })),
    groups: [
      {
        title: t.operators,
        href: `${env.config.adminOrigin}/admin/login`,
        people: demo.operators.map(withCode),
      },
      {
        title: t.staff,
        href: `${env.config.companyOrigin}/company/login`,
        people: demo.staff.map(withCode),
      },
    ],
    services: demo.services.map((one) => ({
      name: one.name,
      status: t.statuses[one.status],
      clientId: one.clientId,
      secret: one.clientSecret ?? (one.privateJwk ? t.byKey : t.noSecret),
      redirectUris: one.redirectUris,
    })),
  }
}

/** A line of a mail, split at the links that lead to us. */
type Line = { text: string; href?: string }[]

/** views/demo/mails.eta */
export type MailsPage = { mails: Shown[] }

type Shown = {
  to: string
  subject: string
  at: string
  lines: Line[]
  /** The same as mail programs show it. */
  htmlHref: string
  files: { name: string; text: string }[]
}

export function mailsFor(env: Env, mails: readonly KeptMail[], language: Language): MailsPage {
  const { dateTime } = words(language)
  return {
    mails: mails.map(({ id, to, subject, at, text, attachments }) => ({
      to,
      subject,
      at: dateTime(at),
      lines: text
        .trim()
        .split('\n')
        .map((line) => linked(line, env.config.issuer)),
      htmlHref: `/dev/mail/${id}.html`,
      files: attachments.map((file) => ({ name: file.name, text: file.text })),
    })),
  }
}

function linked(line: string, issuer: string): Line {
  return line
    .split(/(\S+:\/\/\S+)/)
    .filter(Boolean)
    .map((text) => (text.startsWith(`${issuer}/`) ? { text, href: text } : { text }))
}
