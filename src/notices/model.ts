/**
 * 通知 – mail to residents.
 * Owns: letters, their queueing, sending and the cap per recipient. Does not own: when to write (the other rooms).
 * Law: APPI 23 (security control), 26(2) (telling a person). Rows: H23, L4, R19.
 */
import type { Language, Messages } from '../locales/index.ts'
import type { Letter } from '../locales/letter.ts'

export type LetterName = keyof Messages['notices']['letters']
type LetterValues<L extends LetterName> = Parameters<Messages['notices']['letters'][L]>[0]

/** A letter on its way. `about` is the id of a mail link whose time begins when the letter is handed over. */
export type Mail<L extends LetterName = LetterName> = {
  to: string
  language: Language
  letter: L
  values: LetterValues<L>
  about?: string
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
export type DevMail = { to: string; subject: string; text: string; html: string; at: Date }

/** The plain text of a letter: short lines, the link alone on its line, the sender's name below. */
export function textOf(letter: Letter, sender: string, contact: string): string {
  const parts = [
    letter.lines.join('\n'),
    ...(letter.link ? [`${letter.link.text}\n${letter.link.href}`] : []),
    ...(letter.notes?.length ? [letter.notes.join('\n')] : []),
    `—\n${sender}\n${contact}`,
  ]
  return `${parts.join('\n\n')}\n`
}

/** One line: what came from outside can never begin another header (L4). */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}
