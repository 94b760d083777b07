/**
 * 通知 – mail to residents, and notices on their pages.
 * Owns: letters, their queueing, sending and the cap per recipient; notices, and that they were read; which letters a
 * resident wants. Does not own: when to write (the other rooms).
 * Law: APPI 23 (security control), 26(2) (telling a person). Rows: H23, L4, R19; K-03; field 12, 22, 24.
 */
import { messages, type Language, type Messages } from '../locales/index.ts'
import type { Letter, NotMe, Notice } from '../locales/letter.ts'

export type LetterName = keyof Messages['notices']['letters']
type LetterValues<L extends LetterName> = Parameters<Messages['notices']['letters'][L]>[0]

/** What goes with a letter as a file: text alone. */
export type Attachment = { name: string; type: string; text: string }

/** A letter on its way. `about` is the id of a mail link whose time begins when the letter is handed over. */
export type Mail<L extends LetterName = LetterName> = {
  to: string
  language: Language
  letter: L
  values: LetterValues<L>
  about?: string
  /** Address of the link “this was not me” of this letter alone. */
  notMe?: string
  attachments?: Attachment[]
}

/** Letters that a stranger could cause by typing an address into a form: at most five an hour each (H23). */
export const CAPPED: ReadonlySet<LetterName> = new Set<LetterName>([
  'verify',
  'already_registered',
  'recover',
  'change_email',
  'application_received',
])

/** A mail as /dev/mail shows it. */
export type DevMail = {
  to: string
  subject: string
  text: string
  html: string
  at: Date
  attachments: Attachment[]
}

/** One that /dev/mail keeps. */
export type KeptMail = DevMail & { id: string }

/** What stands around a letter; `notMe` where its reader may stop everything. */
export type Around = {
  sender: string
  contact: string
  notMe: (NotMe & { href: string }) | undefined
}

/** The plain text of a letter: short lines, each link alone on its line, the sender's name below. */
export function textOf(letter: Letter, { sender, contact, notMe }: Around): string {
  const parts = [
    letter.lines.join('\n'),
    ...(letter.ways ?? []).map(({ text, href }) => `${text}\n${href}`),
    ...(letter.link ? [`${letter.link.text}\n${letter.link.href}`] : []),
    ...(letter.notes?.length ? [letter.notes.join('\n')] : []),
    ...(notMe ? [notMe.ask, `${notMe.text}\n${notMe.href}`, notMe.note] : []),
    `—\n${sender}\n${contact}`,
  ]
  return `${parts.join('\n\n')}\n`
}

export type PostKind = keyof Messages['notices']['posts']
type PostValues<K extends PostKind> = Parameters<Messages['notices']['posts'][K]>[0]

/** A notice to lay on a resident's page. */
export type Post<K extends PostKind = PostKind> = {
  kind: K
  /** Stands on every page of the account until it was opened. */
  mustRead: boolean
  /** Ids, names of services, dates; never personal data. The words are made of them when somebody reads. */
  values: PostValues<K>
  /** A path of ours where it goes on. */
  link?: string
  /** What makes it one: the same again is not posted (jobs come at least once). */
  once?: string
}

/** A notice as stored. */
export type Posted = {
  id: string
  kind: string
  mustRead: boolean
  values: unknown
  link: string | null
  postedAt: Date
  readAt: Date | null
}

/** What the frame of a resident's page says of their notices. */
export type Unread = { count: number; mustRead: { href: string; title: string }[] }

/** Letters a resident may switch off. What concerns safety, and what the law has them told, cannot be (K-03). */
export type Wanted = { digest: boolean; reminder: boolean }

/** One line: what came from outside can never begin another header (L4). */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

/** The words of a notice in its reader's language. A kind that has since gone keeps its place without words. */
export function wordsOf({ kind, values }: Pick<Posted, 'kind' | 'values'>, lang: Language): Notice {
  const t = messages[lang].notices
  const posts = t.posts as Record<string, (values: unknown) => Notice>
  return posts[kind]?.(values) ?? { title: t.page.gone, lines: [] }
}
