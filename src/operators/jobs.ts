import type { Env } from '../env.ts'
import { dayOf, startOfDay } from '../input/days.ts'
import type { Entry } from '../jobs/timetable.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { originOf } from '../people/model.ts'
import { atomically } from '../env.ts'
import { hasRights, WARNING_DAYS, type OperatorKept } from './model.ts'
import * as store from './store.ts'

const DAY_MS = 86_400_000

/** Warns those whose last day comes near, once for each mark and end date (J5). */
export async function warn(env: Env): Promise<void> {
  const today = dayOf(env.now())
  for (const one of await store.list(env.db)) {
    if (!hasRights(one, today)) continue
    const left = daysLeft(one, today)
    const mark = WARNING_DAYS.toSorted((a, b) => a - b).find((days) => left <= days)
    if (mark !== undefined) await warnOne(env, one, { mark, left })
  }
}

function daysLeft({ endsOn }: OperatorKept, today: string): number {
  return Math.round((startOfDay(endsOn).getTime() - startOfDay(today).getTime()) / DAY_MS)
}

function warnOne(env: Env, one: OperatorKept, { mark, left }: { mark: number; left: number }) {
  return atomically(env, async (env): Promise<void> => {
    const { id: operatorId, endsOn, email, name } = one
    const row = { operatorId, endsOn, days: mark, at: env.now() }
    if (!(await store.noteWarning(env.db, row))) return
    const link = `${originOf(env.config, 'operator')}/admin`
    const values = { link, name, lastDay: words('ja').date(startOfDay(endsOn)), days: left }
    await notices.send(env, { to: email, language: 'ja', letter: 'operator_ends_soon', values })
  })
}

export const timetable: readonly Entry[] = [
  { name: 'operators.warn', everySeconds: 3600, run: warn },
]
