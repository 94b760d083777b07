/**
 * 登録をやめること – closing an account by oneself (pages.md R13).
 * Owns: the order of things – consents withdrawn at once, a waiting period, the last letter, erasure by key. Does not
 * own: the account (residents), what is withdrawn and what companies are asked (consents).
 * Law: APPI 22 (erase what is no longer needed), 29–30 with rule 21 (records of provision stay; E-06). Rows: M8, G8.
 */
import type { Installation } from '../installation.ts'

/** Days between asking and erasure where the installation says nothing. */
const CLOSING_DAYS = 7

/** How long it can be called off, in days. */
export function waitingDays({ closingDays }: Pick<Installation, 'closingDays'>): number {
  return closingDays ?? CLOSING_DAYS
}

export function closesAt(at: Date, days: number): Date {
  return new Date(at.getTime() + days * 86_400_000)
}

/**
 * What of a person stays when the account is gone, and how long: `t.closing.keptItems[id]` says it in words. `of` are
 * the terms of the retention room (its TERMS) that it speaks for; test/closing/kept.test.ts holds the two together.
 * month: until two persons approve that its month goes · years: three, then by itself · days: ninety at most · on: kept.
 */
export const KEPT = [
  { id: 'provisions', of: ['provisions'], until: 'month' },
  { id: 'refusals', of: ['refusals'], until: 'years' },
  { id: 'consents', of: ['consents', 'showings', 'changes'], until: 'on' },
  { id: 'requests', of: ['requests'], until: 'on' },
  { id: 'deletions', of: ['deletions'], until: 'on' },
  { id: 'letters', of: ['letters'], until: 'on' },
  { id: 'told', of: ['told'], until: 'on' },
  { id: 'audit', of: ['audit'], until: 'on' },
  { id: 'ledger', of: ['ledger', 'closures'], until: 'on' },
  { id: 'onTheWay', of: ['events', 'mails'], until: 'days' },
] as const
