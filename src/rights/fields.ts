/** What each form of a request asks for, and how it is read: messages at the field, what was typed is kept. */
import { isItemId } from '../catalogue/model.ts'
import { isDay } from '../input/days.ts'
import type { Fields } from '../refusal.ts'
import type { Filed } from './filing.ts'
import { METHODS, SUBJECTS, type Right, type Subject } from './model.ts'
import { textFault, tidy } from './wording.ts'

type Need = 'must' | 'may'
export type FormFields = {
  service?: Need
  items?: Need
  period?: true
  method?: true
  what?: Need
  reason?: Need
}

const FORMS: { [R in Right]: { [S in (typeof SUBJECTS)[R][number]]: FormFields } } = {
  disclosure: {
    records: { service: 'may', period: true, method: true },
    registered: { method: true },
    other: { what: 'must' },
  },
  correction: {
    registered: { items: 'must', what: 'must', reason: 'may' },
    other: { what: 'must', reason: 'may' },
  },
  suspension: {
    service: { service: 'must', reason: 'must' },
    registered: { items: 'may', reason: 'must' },
    other: { what: 'must', reason: 'must' },
  },
  stop_provision: {
    service: { service: 'must', reason: 'must' },
    services: { reason: 'must' },
  },
}

/** The items a resident registers, in the order they are shown. */
export const ITEMS = ['name', 'birth_year', 'sex', 'email', 'address'] as const

/** The fields of a form; undefined where this right cannot be about that. */
export function fieldsOf(kind: Right, subject: string): FormFields | undefined {
  return Object.entries<FormFields>(FORMS[kind]).find(([name]) => name === subject)?.[1]
}

/** A form's texts, not yet looked at. */
export type Typed = {
  service: string
  items: string[]
  from: string
  to: string
  method: string
  what: string
  reason: string
}

/** What stands in a body, as texts: also of a form that will be refused. */
export function typedIn(body: Record<string, unknown>): Typed {
  const text = (name: string) => {
    const value = body[name]
    return typeof value === 'string' ? value : ''
  }
  const item = body['item']
  const items = Array.isArray(item) ? item : item === undefined ? [] : [item]
  return {
    service: text('service'),
    items: items.filter((one): one is string => typeof one === 'string'),
    from: text('from'),
    to: text('to'),
    method: text('method'),
    what: text('what'),
    reason: text('reason'),
  }
}

/**
 * Reads a form.
 *
 * @param asked what it is a form of, the services it may name, and the day it is (YYYY-MM-DD)
 */
export function readFields(
  typed: Typed,
  asked: { kind: Right; subject: Subject; services: readonly string[]; today: string },
): { filed: Omit<Filed, 'once'>; faults: Fields } {
  const { kind, subject, services, today } = asked
  const has = fieldsOf(kind, subject) ?? {}
  const faults: Fields = {}
  const service = has.service ? typed.service : ''
  if (has.service && (service ? !services.includes(service) : has.service === 'must'))
    faults['service'] = 'choose'
  const items = has.items ? [...new Set(typed.items)] : []
  if (!items.every((one) => isItemId(one) && (ITEMS as readonly string[]).includes(one)))
    faults['item'] = 'not_one_of'
  else if (has.items === 'must' && !items.length) faults['item'] = 'choose_some'
  const [from, to] = has.period ? [typed.from, typed.to] : ['', '']
  for (const [name, day] of [
    ['from', from],
    ['to', to],
  ] as const)
    if (day && !isDay(day)) faults[name] = 'date'
    else if (day > today) faults[name] = 'day_future'
  if (from && to && from > to && !faults['from'] && !faults['to']) faults['to'] = 'period_turned'
  const method = METHODS.find((one) => one === typed.method)
  if (has.method && !method) faults['method'] = 'choose'
  const words: Record<string, string> = {}
  for (const name of ['what', 'reason'] as const) {
    if (!has[name]) continue
    const fault = textFault(typed[name], has[name] === 'must')
    if (fault) faults[name] = fault
    else if (tidy(typed[name])) words[name] = tidy(typed[name])
  }
  return {
    faults,
    filed: {
      kind,
      subject,
      serviceId: service || null,
      items,
      fromDay: from || null,
      toDay: to || null,
      method: has.method ? (method ?? null) : null,
      words,
    },
  }
}
