/** Letters about requests: never what was asked or answered, only that there is something, and where (L4). */
import { atomically, type Env } from '../env.ts'
import { YEAR_END } from '../input/business_days.ts'
import { dayOf, endOfDay, startOfDay } from '../input/days.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import type { Resident } from '../residents/model.ts'
import { remindOn } from './clock.ts'
import type { CaseNow } from './model.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

export async function received(
  env: Env,
  { language, profile }: Resident,
  of: CaseNow,
): Promise<void> {
  const w = words(language)
  await notices.send(env, {
    to: profile.email,
    language,
    letter: 'request_received',
    values: {
      number: of.number,
      kind: messages[language].rights.kinds[of.kind],
      at: w.dateTime(of.receivedAt),
      due: of.dueAt ? w.lastDay(of.dueAt) : undefined,
      link: linkOf(env, of),
    },
  })
}

/** The answer is on the page. A refusal, in whole or in part, must be read: times to object run from here. */
export async function answered(
  env: Env,
  { id, language, profile }: Resident,
  of: CaseNow,
): Promise<void> {
  const { number, kind } = of
  const values = { number, kind: messages[language].rights.kinds[kind], link: linkOf(env, of) }
  await notices.send(env, { to: profile.email, language, letter: 'request_answered', values })
  await notices.post(env, id, {
    kind: 'request_answered',
    mustRead: of.outcome === 'refused' || of.outcome === 'partly',
    values: { number, kind },
    link: pathOf(of),
    once: `${of.id}:answered`,
  })
}

export async function extended(
  env: Env,
  { id, language, profile }: Resident,
  of: CaseNow,
): Promise<void> {
  const { number, kind } = of
  const due = of.dueAt ? words(language).lastDay(of.dueAt) : ''
  const values = { number, kind: messages[language].rights.kinds[kind], due, link: linkOf(env, of) }
  await notices.send(env, { to: profile.email, language, letter: 'request_extended', values })
  await notices.post(env, id, {
    kind: 'request_extended',
    mustRead: false,
    values: { number, kind },
    link: pathOf(of),
    once: `${of.id}:extended`,
  })
}

/** The resident's page of a case. */
export const pathOf = ({ id }: CaseNow) => `/account/requests/${id}`
const linkOf = (env: Env, of: CaseNow) => `${env.config.issuer}${pathOf(of)}`

/** Cases looked at in one turn. */
const AT_ONCE = 500
/** Three working days are never further away than this. */
const AHEAD = 21 * 86_400_000

/** Privacy officers hear once that a due date comes near, and once that it has passed. */
export async function remind(env: Env): Promise<void> {
  const now = env.now()
  const yearEnd = env.config.installation.yearEndHolidays ?? YEAR_END
  const before = new Date(now.getTime() + AHEAD)
  for (const of of await store.toRemind(env.db, { before, most: AT_ONCE })) {
    if (!of.dueAt) continue
    const lastOn = dayOf(new Date(of.dueAt.getTime() - 1))
    const kind = now >= endOfDay(lastOn) ? 'late' : 'soon'
    if (kind === 'soon' && now < startOfDay(remindOn(lastOn, yearEnd))) continue
    const { id: caseId, dueAt } = of
    await atomically(env, async (env) => {
      if (await store.insertReminder(env.db, { caseId, dueAt, kind, at: now }))
        await remindOf(env, of, kind)
    })
  }
}

async function remindOf(env: Env, of: CaseNow, kind: 'soon' | 'late'): Promise<void> {
  const values = {
    number: of.number,
    kind: messages.ja.rights.kinds[of.kind],
    due: of.dueAt ? words('ja').lastDay(of.dueAt) : '',
    link: `${env.config.adminOrigin}/admin/requests/${of.id}`,
  }
  const letter = kind === 'late' ? 'request_late' : 'request_soon'
  for (const { email } of await queries.privacyOfficers(env.db, dayOf(env.now())))
    await notices.send(env, { to: email, language: 'ja', letter, values })
}
