/** What the desk does with a case: takes it on, extends, decides and answers, in one transaction each. */
import * as consents from '../consents/actions.ts'
import { closeGate } from '../database/gate.ts'
import { atomically, type Env } from '../env.ts'
import { YEAR_END } from '../input/business_days.ts'
import { dayOf, isDay } from '../input/days.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import { latestExtension, sumOf } from './clock.ts'
import * as mails from './mails.ts'
import {
  deedsOf,
  GROUNDS,
  isRight,
  type Body,
  type CaseNow,
  type Deed,
  type Ground,
  type Outcome,
} from './model.ts'
import * as queries from './queries.ts'
import { append, dueOn, type By } from './stepping.ts'
import * as store from './store.ts'

const byOf = ({ id }: Pick<Person, 'id'>): By => ({ kind: 'operator', id })

/** A case, held until the transaction ends. @throws Refusal not_found */
async function held(env: Env, id: string): Promise<CaseNow> {
  const of = await store.find(env.db, id, true)
  if (!of) throw new Refusal('not_found')
  return of
}

async function again(env: Env, id: string): Promise<CaseNow> {
  const of = await store.find(env.db, id)
  if (!of) throw new Refusal('not_found')
  return of
}

/** An answer reaches only somebody who is there. @throws Refusal wrong_state where the account is erased */
async function asker(env: Env, { residentId }: CaseNow): Promise<Resident> {
  const resident = await residents.find(env, residentId)
  if (!resident) throw new Refusal('wrong_state', { code: 'erased' })
  return resident
}

/** Somebody takes the case on. @throws Refusal not_found, wrong_state */
export function takeOn(env: Env, { id, by }: { id: string; by: Person }): Promise<void> {
  return atomically(env, async (env) => {
    await append(env, await held(env, id), { step: 'taken', by: byOf(by) })
  })
}

export type Decision = {
  outcome: Outcome
  /** Of a refusal, in whole or in part; its article follows from the profile. */
  ground: Ground | null
  /** Of what is granted. */
  deed: Deed | null
  /** Until when it is done, where it is not done here and now: YYYY-MM-DD. */
  doneBy: string | null
  answer: { ja: string; en: string }
}

/** Message keys by field, of `t.forms.errors` or `t.rights.rules`; empty where nothing is wrong. */
export function decisionFaults(
  of: Pick<CaseNow, 'kind' | 'subject'>,
  decision: Pick<Decision, 'outcome' | 'ground' | 'deed' | 'doneBy'>,
  today: string,
): Record<string, string> {
  const { outcome, ground, deed, doneBy } = decision
  const faults: Record<string, string> = {}
  const { kind } = of
  if (isRight(kind) === (outcome === 'noted')) faults['outcome'] = 'choose'
  const grounds: readonly string[] = isRight(kind) ? GROUNDS[kind] : []
  const refuses = outcome === 'refused' || outcome === 'partly'
  if (refuses && !(ground && grounds.includes(ground))) faults['ground'] = 'choose'
  const grants = outcome === 'whole' || outcome === 'partly'
  if (grants && !(deed && deedsOf(of).includes(deed))) faults['deed'] = 'choose'
  if (doneBy && !isDay(doneBy)) faults['done_by'] = 'date'
  else if (doneBy && doneBy < today) faults['done_by'] = 'day_past'
  return faults
}

/**
 * Decides and answers. Where provision is to stop, it stops in the same transaction, by the rules of withdrawing (rule
 * 4): tokens die, the company is told, and for a suspension it is asked to erase (APPI 35). Who decided is in the steps.
 *
 * @throws Refusal not_found, invalid_input, wrong_state (also where `by` has not read what was written)
 */
export function decide(
  env: Env,
  { id, by, decision }: { id: string; by: Person; decision: Decision },
): Promise<CaseNow> {
  return atomically(env, async (env) => {
    const seen = await again(env, id)
    // The gate comes before any lock of a row (database/gate.ts).
    if (decision.deed === 'stop') await closeGate(env.db, seen.residentId)
    const of = await held(env, id)
    if (!(await queries.hasRead(env.db, { caseId: id, operatorId: by.id })))
      throw new Refusal('wrong_state', { code: 'unread' })
    const fields = decisionFaults(of, decision, dayOf(env.now()))
    if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
    const resident = await asker(env, of)
    const { outcome, ground, deed, doneBy, answer } = decision
    const refuses = outcome === 'refused' || outcome === 'partly'
    const grants = outcome === 'whole' || outcome === 'partly'
    await append(env, of, {
      step: 'decided',
      by: byOf(by),
      body: { outcome, ground: refuses ? ground : null },
      words: { of: resident, text: answer },
    })
    if (grants && deed) {
      const body = {
        deed,
        done_by: doneBy,
        ...(deed === 'stop' && (await stop(env, resident, of, by.id))),
      }
      await append(env, of, { step: 'carried_out', by: byOf(by), body })
    }
    const letter = `${of.number}-1`
    await append(env, of, { step: 'answered', by: byOf(by), body: { letter } })
    const now = await again(env, id)
    await mails.answered(env, resident, now)
    return now
  })
}

/** Ends the consents a case is about, and asks to erase. Nothing in force is nothing to stop, yet something to erase. */
async function stop(env: Env, resident: Resident, of: CaseNow, operatorId: string): Promise<Body> {
  const { withdrawn, erasures } = await consents.withdrawOnRequest(env, resident, {
    serviceId: of.serviceId ?? undefined,
    deletion: of.kind === 'suspension',
    number: of.number,
    operatorId,
    link: mails.pathOf(of),
  })
  return { consents: withdrawn.map((one) => one.id), erasures }
}

/** Message key of what is wrong with a new last day, with the days that are allowed. */
export type ExtensionFault =
  | { rule: 'day' }
  | { rule: 'past' }
  | { rule: 'none' }
  | { rule: 'earlier'; lastOn: string }
  | { rule: 'later'; latest: string }

/** How many days more reach a chosen day; or what speaks against it (I-18, I-21, I-22). */
export async function extensionTo(
  env: Env,
  of: CaseNow,
  until: string,
): Promise<{ days: number } | { fault: ExtensionFault }> {
  const { rule } = of
  const today = dayOf(env.now())
  const yearEnd = env.config.installation.yearEndHolidays ?? YEAR_END
  const due = dueOn(env, of, await store.steps(env.db, of.id))
  if (due.kind === 'none' || rule.extension === 0) return { fault: { rule: 'none' } }
  const { receivedOn, paused, lastOn } = due.sum
  const latest = latestExtension(rule, { receivedOn, paused, yearEnd })
  if (!isDay(until)) return { fault: { rule: 'day' } }
  if (until < today) return { fault: { rule: 'past' } }
  if (until <= lastOn) return { fault: { rule: 'earlier', lastOn } }
  if (until > latest) return { fault: { rule: 'later', latest } }
  const reaches = (extended: number) =>
    sumOf(rule, { receivedOn, paused, extended, yearEnd }).lastOn >= until
  const choices = Array.from({ length: rule.extension }, (_, n) => n + 1)
  const days = choices.find(reaches) ?? rule.extension
  return { days }
}

/**
 * Extends the time once, and tells the resident why and until when (I-18).
 *
 * @throws Refusal not_found, wrong_state (over, or extended before), invalid_input at `until`
 */
export function extend(
  env: Env,
  asked: { id: string; by: Person; until: string; reason: { ja: string; en: string } },
): Promise<void> {
  return atomically(env, async (env) => {
    const of = await held(env, asked.id)
    const found = await extensionTo(env, of, asked.until)
    if ('fault' in found)
      throw new Refusal('invalid_input', { fields: { until: found.fault.rule } })
    const resident = await asker(env, of)
    await append(env, of, {
      step: 'extended',
      by: byOf(asked.by),
      body: { days: found.days },
      words: { of: resident, text: asked.reason },
    })
    await mails.extended(env, resident, await again(env, asked.id))
  })
}

/** Ends a case whose asker has closed their account: nobody is left to be answered. @throws Refusal wrong_state */
export function closeErased(env: Env, { id, by }: { id: string; by: Person }): Promise<void> {
  return atomically(env, async (env) => {
    const of = await held(env, id)
    if (await residents.find(env, of.residentId)) throw new Refusal('wrong_state')
    await append(env, of, { step: 'closed', by: byOf(by), body: { because: 'erased' } })
  })
}
