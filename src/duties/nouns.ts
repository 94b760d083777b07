/** Every kind of duty with what can be done to it. */
import { approvals } from './approvals.ts'
import { audits } from './audits.ts'
import { claims } from './claims.ts'
import { leaks } from './leaks.ts'
import {
  isOver,
  sideOf,
  type Act,
  type Case,
  type Kind,
  type Noun,
  type Side,
  type Values,
  type Step,
} from './model.ts'
import { management, orders } from './orders.ts'
import { reports } from './reports.ts'

export const NOUNS: Readonly<Record<Kind, Noun>> = {
  report: reports,
  management,
  order: orders,
  audit: audits,
  leak: leaks,
  claim: claims,
  approval: approvals,
}

/** An act by its name, where the kind knows it. */
export function actOf(kind: Kind, name: string): Act | undefined {
  const { acts } = NOUNS[kind]
  return Object.hasOwn(acts, name) ? acts[name] : undefined
}

/** Whether a side may take an act on duties of this receiver. */
export function mayTake(act: Act, side: Side, receiver: Side): boolean {
  const who = sideOf(act.who, receiver)
  return who === 'either' || who === side
}

/** The acts a side may take on a case now; opening ones are not among them. */
export function offered(of: Case, side: Side): [name: string, act: Act][] {
  if (isOver(of.state)) return []
  return Object.entries(NOUNS[of.kind].acts).filter(
    ([, act]) => act.from.includes(of.state) && mayTake(act, side, of.receiver),
  )
}

/** What the steps say together; the newest counts. */
export function soFarOf(steps: readonly Pick<Step, 'body'>[]): Values {
  return Object.assign({}, ...steps.map(({ body }) => body)) as Values
}
