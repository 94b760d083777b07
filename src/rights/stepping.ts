/** How a case moves: one step more, and what the steps then come to. None is ever changed. */
import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { canonical } from '../audit/model.ts'
import type { Env } from '../env.ts'
import { YEAR_END } from '../input/business_days.ts'
import { dayOf } from '../input/days.ts'
import { Refusal } from '../refusal.ts'
import type { Resident } from '../residents/model.ts'
import { seal, unseal } from '../vault.ts'
import { dueOf, type Due } from './clock.ts'
import {
  endedAtOf,
  mayFollow,
  REACHABLE,
  stateOf,
  type Body,
  type Case,
  type Sealed,
  type Step,
  type StepName,
} from './model.ts'
import * as store from './store.ts'

export type By = { kind: Step['byKind']; id: string }

export type Asked = {
  step: StepName
  by: By
  /** Codes, days, ids and hashes alone. */
  body?: Body
  /** What a person wrote: sealed under the resident's key. */
  words?: { of: Pick<Resident, 'dataKey'>; text: Sealed }
}

/**
 * Appends a step and says anew where the case stands. Joins the transaction of `env`, in which the case is held.
 *
 * @returns every step, oldest first
 * @throws Refusal wrong_state where the procedure does not allow it now
 */
export async function append(env: Env, of: Case, asked: Asked): Promise<Step[]> {
  const before = await store.steps(env.db, of.id)
  if (!REACHABLE.includes(asked.step) || !mayFollow(before, asked.step))
    throw new Refusal('wrong_state')
  const { step, by, body = {}, words } = asked
  const id = env.newId()
  const hash = createHash('sha256').update(canonical(body)).digest()
  const sealed = words ? seal(words.of.dataKey, JSON.stringify(words.text), `step:${id}`) : null
  const row: Step = {
    ...{ id, position: before.length + 1, step, byKind: by.kind, byId: by.id },
    ...{ body, sealed, at: env.now() },
  }
  await store.insertStep(env.db, { ...row, caseId: of.id, hash })
  const steps = [...before, row]
  await stand(env, of, steps)
  await audit.record(env, {
    actor: by.kind === 'system' ? { kind: 'system' } : { kind: by.kind, id: by.id },
    act: `rights.${step}`,
    object: { kind: 'rights_case', id: of.id },
    details: {
      number: of.number,
      kind: of.kind,
      before: before.length ? stateOf(before) : null,
      after: stateOf(steps),
      hash: hash.toString('hex'),
    },
  })
  return steps
}

async function stand(env: Env, of: Case, steps: readonly Step[]): Promise<void> {
  const due = dueOn(env, of, steps)
  await store.stand(env.db, {
    caseId: of.id,
    state: stateOf(steps),
    dueAt: due.kind === 'runs' ? due.dueAt : null,
    endedAt: endedAtOf(steps),
  })
}

/** The due date of a case by its own rule, as the installation's holidays are. */
export function dueOn(env: Env, of: Pick<Case, 'rule'>, steps: readonly Step[]): Due {
  const yearEnd = env.config.installation.yearEndHolidays ?? YEAR_END
  return dueOf(of.rule, steps, { yearEnd, today: dayOf(env.now()) })
}

/** What was written with a step; undefined where nothing was, or where the account is erased. */
export function wordsOf(
  { id, sealed }: Pick<Step, 'id' | 'sealed'>,
  resident: Pick<Resident, 'dataKey'> | undefined,
): Sealed | undefined {
  if (!sealed || !resident) return undefined
  return JSON.parse(unseal(resident.dataKey, sealed, `step:${id}`).toString()) as Sealed
}
