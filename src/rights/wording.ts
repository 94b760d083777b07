/** What people write into a form: checked and tidied. Never an individual number (I-39). */
import { hasIndividualNumber } from '../input/individual_number.ts'
import { Refusal } from '../refusal.ts'

/** Longest text, in characters as people count them. */
const LONGEST = 2000
/** Control, direction-changing, private and unassigned characters; line ends and tabs are allowed. */
const HIDDEN = /(?![\n\t])[\p{Cc}\p{Co}\p{Cn}\u202A-\u202E\u2066-\u2069]/u

/** Message key of what is wrong with a text; undefined where nothing is. */
export function textFault(typed: string, must: boolean): string | undefined {
  const text = tidy(typed)
  if (!text) return must ? 'required' : undefined
  if (HIDDEN.test(text)) return 'not_text'
  if (Array.from(text).length > LONGEST) return 'too_long'
  return hasIndividualNumber(text) ? 'number_like_my_number' : undefined
}

/** @throws Refusal invalid_input at `field` */
export function freeText(field: string, typed: string, must: boolean): string {
  const fault = textFault(typed, must)
  if (fault) throw new Refusal('invalid_input', { fields: { [field]: fault } })
  return tidy(typed)
}

export const tidy = (typed: string): string => typed.replace(/\r\n?/g, '\n').trim()
