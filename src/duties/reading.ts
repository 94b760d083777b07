/** From the fields of a form to values: blanks left out, days and moments checked, sums as numbers. */
import { isDay } from '../input/days.ts'
import type { Act, Fault, Faults, Field, Values } from './model.ts'

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
    const read = field.kind === 'many' ? many(given) : one(field, given)
    if (read === undefined) {
      if (field.must && whole) faults[field.name] = { rule: 'required' }
    } else if (isFault(read)) faults[field.name] = read
    else values[field.name] = read
  }
  return { values, faults }
}

type Read = string | number | string[] | Fault | undefined

const isFault = (read: Exclude<Read, undefined>): read is Fault =>
  typeof read === 'object' && !Array.isArray(read)

function many(given: unknown): string[] | undefined {
  const list = (Array.isArray(given) ? given : [given]).filter(
    (one): one is string => typeof one === 'string' && one !== '',
  )
  return list.length ? list : undefined
}

function one({ kind }: Field, given: unknown): Read {
  const text = typeof given === 'string' ? given.normalize('NFC').trim() : ''
  if (!text) return undefined
  if (kind === 'day') return isDay(text) ? text : { rule: 'date' }
  if (kind === 'moment') return moment(text)
  if (kind === 'count' || kind === 'yen') return whole(text)
  if (kind === 'line' && /[\r\n]/.test(text)) return { rule: 'not_text' }
  return text.replaceAll('\r\n', '\n')
}

/** `YYYY-MM-DDTHH:MM`, as a browser sends it, in Asia/Tokyo. */
function moment(text: string): string | Fault {
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
