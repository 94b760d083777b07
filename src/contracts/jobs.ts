/** What this room does regularly: it warns 90, 60 and 30 days before a contract ends with nothing following. */
import { atomically, type Env } from '../env.ts'
import type { Entry } from '../jobs/timetable.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import * as contracts from './actions.ts'
import { endingAt, WARNING_DAYS, type Contract } from './model.ts'
import * as store from './store.ts'

const DAY = 86400_000

export const timetable: readonly Entry[] = [
  { name: 'contracts.warn', everySeconds: 3600, run: warn },
]

/** Warns each company once per step, however many nodes run and however often. */
export async function warn(env: Env): Promise<void> {
  const at = env.now()
  for (const contract of await contracts.list(env)) {
    const end = endingAt(contract, at)
    if (end && ['active', 'suspended'].includes(contract.memberStatus))
      await warnOf(env, contract, end)
  }
}

/**
 * Of the steps that are due only the last one is mailed: a contract first seen 20 days before its end is not warned
 * three times. The note and the mail are one transaction, so that neither is there without the other.
 */
async function warnOf(env: Env, contract: Contract, end: Date): Promise<void> {
  const at = env.now()
  const due = WARNING_DAYS.filter((days) => at.getTime() >= end.getTime() - days * DAY)
  for (const days of due) {
    const mailed = days === due.at(-1)
    await atomically(env, async (env) => {
      const row = { contractId: contract.id, endsAt: end, days, mailed, at }
      if (!(await store.noteWarning(env.db, row)) || !mailed) return
      await members.notifyStaff(env, contract.memberId, 'contract_ends', {
        link: `${env.config.companyOrigin}/company/contracts/${contract.id}`,
        number: contract.number,
        on: words('ja').lastDay(end),
        left: words('ja').daysLeft(end, at),
      })
      env.log.info({ event: 'contract_ending', contract: contract.id, days })
    })
  }
}
