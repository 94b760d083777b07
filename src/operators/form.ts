/** From what an administrator typed to a change that can be proposed, or a message per field. Pure but for the key. */
import { dayOf, isDay } from '../input/days.ts'
import { canonicalEmail } from '../input/email.ts'
import { hasIndividualNumber } from '../input/individual_number.ts'
import { normalName } from '../input/spelling.ts'
import { numberMarkOf } from '../people/model.ts'
import type { OperatorRole } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { LONGEST_BOX_DAYS, LONGEST_DAYS, type OperatorChange } from './model.ts'

type Roles = OperatorRole | readonly OperatorRole[] | undefined
export type Typed = {
  name?: string
  email?: string
  number?: string | undefined
  roles?: Roles
  role?: OperatorRole
  ends?: string
  reason?: string
}

const SHORTEST_REASON = 10
const listOf = (roles: Roles): OperatorRole[] =>
  typeof roles === 'string' ? [roles] : [...(roles ?? [])]

class Reader {
  readonly fields: Fields = {}
  private readonly at: Date
  constructor(at: Date) {
    this.at = at
  }

  /** A day from today on, at most so many days away. */
  day(text = '', longest: number): string {
    const latest = dayOf(new Date(this.at.getTime() + longest * 86_400_000))
    if (!isDay(text)) this.fields['ends'] = text ? 'date' : 'required'
    else if (text < dayOf(this.at)) this.fields['ends'] = 'day_past'
    else if (text > latest) this.fields['ends'] = 'day_far'
    return text
  }

  reason(text = ''): string {
    const given = text.normalize('NFKC').trim()
    if (Array.from(given).length < SHORTEST_REASON) this.fields['reason'] = 'reason_short'
    return given
  }

  roles(typed: Roles): OperatorRole[] {
    const roles = listOf(typed)
    if (!roles.length) this.fields['roles'] = 'choose_some'
    return roles
  }

  done<T>(change: T): T {
    if (Object.keys(this.fields).length) throw new Refusal('invalid_input', { fields: this.fields })
    return change
  }
}

/** @param key secrets.people @throws Refusal invalid_input */
export function appointment(typed: Typed, key: Buffer, at: Date): OperatorChange {
  const reader = new Reader(at)
  const email = canonicalEmail(typed.email ?? '')
  const name = normalName(typed.name ?? '')
  const number = typed.number?.normalize('NFKC').trim() ?? ''
  if (!email) reader.fields['email'] = 'email'
  if (!name) reader.fields['name'] = 'required'
  if (hasIndividualNumber(number)) reader.fields['number'] = 'number_like_my_number'
  return reader.done({
    change: 'appoint',
    email: email ?? '',
    name,
    roles: reader.roles(typed.roles),
    endsOn: reader.day(typed.ends, LONGEST_DAYS),
    numberMark: number ? numberMarkOf(key, number) : null,
  })
}

/** @throws Refusal invalid_input */
export function newRights(typed: Typed, at: Date): OperatorChange {
  const reader = new Reader(at)
  return reader.done({
    change: 'rights',
    roles: reader.roles(typed.roles),
    endsOn: reader.day(typed.ends, LONGEST_DAYS),
    reason: reader.reason(typed.reason),
  })
}

/** @throws Refusal invalid_input */
export function newBox(typed: Typed, at: Date): OperatorChange {
  const reader = new Reader(at)
  const { role } = typed
  if (!role) reader.fields['role'] = 'choose'
  return reader.done({
    change: 'boxed',
    role: role ?? 'auditor',
    endsOn: reader.day(typed.ends, LONGEST_BOX_DAYS),
    reason: reader.reason(typed.reason),
  })
}

/** @throws Refusal invalid_input */
export function reasonIn(typed: Typed, at: Date): string {
  const reader = new Reader(at)
  return reader.done(reader.reason(typed.reason))
}
