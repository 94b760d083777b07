/** From the fields of a form to values: blanks left out, days and moments checked, sums as numbers. */
import { isDay, isMoment } from '../input/days.ts'
import type { Act, Fault, Faults, Field, Values } from './model.ts'
import { refuseWrong } from './sight.ts'

/** Characters; the schemas of the forms and of the API hold to the same. */
export const LONGEST = { line: 200, text: 4000 } as const

/** Years people mean; a slip of the hand is no year. */
const YEARS = /^(19[7-9]|20|21)\d/

type Form = { readonly [field: string]: unknown }

/**
 * @param whole false: nothing is required, as for a draft
 * @returns what could be read, and what is wrong with the rest
 */
export function valuesOf(act: Act, form: Form, whole = true): { values: Values; faults: Faults } {
  const values: Values = {}
  const faults: Faults = {}
  for (const field of act.fields) {
    const given = form[field.name]
    const read = field.kind === 'many' ? many(field, given) : one(field, given)
    if (read === undefined) {
      if (field.must && whole) faults[field.name] = { rule: 'required' }
    } else if (isFault(read)) faults[field.name] = read
    else values[field.name] = read
  }
  return { values, faults }
}

/** Fields of a form as values. @throws Refusal invalid_input */
export function readValues(act: Act, form: Form, whole = true): Values {
  const { values, faults } = valuesOf(act, form, whole)
  refuseWrong(faults)
  return values
}

type Read = string | number | string[] | Fault | undefined

const isFault = (read: Exclude<Read, undefined>): read is Fault =>
  typeof read === 'object' && !Array.isArray(read)

function many({ options }: Field, given: unknown): string[] | Fault | undefined {
  const list = (Array.isArray(given) ? given : [given]).filter(
    (one): one is string => typeof one === 'string' && one !== '',
  )
  if (list.some((one) => !options?.includes(one))) return { rule: 'not_valid' }
  return list.length ? [...new Set(list)] : undefined
}

function one({ kind, options }: Field, given: unknown): Read {
  const said = typeof given === 'number' ? String(given) : given
  const text = typeof said === 'string' ? said.normalize('NFC').trim() : ''
  if (!text) return undefined
  if (kind === 'day') return isDay(text) && YEARS.test(text) ? text : { rule: 'date' }
  if (kind === 'moment') return moment(text)
  if (kind === 'count' || kind === 'yen') return whole(text)
  if (options && !options.includes(text)) return { rule: 'not_valid' }
  if (text.length > LONGEST[kind === 'line' ? 'line' : 'text']) return { rule: 'too_long' }
  if (kind === 'line' && /[\r\n]/.test(text)) return { rule: 'not_text' }
  return text.replaceAll('\r\n', '\n')
}

/** `YYYY-MM-DDTHH:MM`, as a browser sends it, in Asia/Tokyo; or RFC 3339 with its offset, as programs do. */
function moment(text: string): string | Fault {
  if (isMoment(text)) return new Date(text).toISOString()
  const [day = '', time = ''] = text.replace(' ', 'T').split('T')
  if (!isDay(day) || !/^([01]\d|2[0-3]):[0-5]\d$/.test(time)) return { rule: 'moment' }
  return new Date(`${day}T${time}:00+09:00`).toISOString()
}

function whole(text: string): number | Fault {
  const digits = text
    .normalize('NFKC')
    .replaceAll(',', '')
    .replace(/円|人$/, '')
  return /^\d{1,12}$/.test(digits) ? Number(digits) : { rule: 'whole_number' }
}
