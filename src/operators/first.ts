/** The first administrators, from the terminal: where two are missing, nobody could appoint anybody (J11). */
import { atomically, type Env } from '../env.ts'
import { dayOf, isDay } from '../input/days.ts'
import { canonicalEmail } from '../input/email.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import * as people from '../people/actions.ts'
import { INVITATION_SECONDS, originOf } from '../people/model.ts'
import type { OperatorRole } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import { marks } from './office.ts'
import { hasRights, LONGEST_DAYS, type OperatorKept } from './model.ts'
import { note, standing } from './rights.ts'
import * as store from './store.ts'

/** What somebody of the terminal may hand on: each role that is given needs one of two administrators to hold it (J7). */
const ROLES: OperatorRole[] = ['administrator', 'registrar', 'approver', 'privacy_officer']
/** With two, every further change has its two persons. */
const ENOUGH = 2

export type FirstAsked = { email: string; name: string; endsOn: string | undefined }

/**
 * Makes somebody an administrator, or lets one in again who lost every factor.
 *
 * @returns a link that works once, for half an hour
 * @throws Refusal wrong_state where two administrators can sign in already; invalid_input
 */
export function first(env: Env, asked: FirstAsked): Promise<{ href: string; expiresAt: Date }> {
  const { email, name, endsOn } = read(env, asked)
  return atomically(env, async (env) => {
    await store.lockRights(env.db)
    const others = await standing(env)
    if (others.length >= ENOUGH) throw new Refusal('wrong_state')
    const [mark] = marks(env, { email, name, numberMark: null })
    const known = (await store.list(env.db)).find((one) => marks(env, one)[0] === mark)
    if (others.some(({ id }) => id === known?.id)) throw new Refusal('wrong_state')
    const id = known?.id ?? env.newId()
    if (known) await store.setRights(env.db, id, { roles: together(known), endsOn })
    else await store.insert(env.db, { id, email, name, roles: ROLES, endsOn, at: env.now() })
    const what = { id, before: known, reason: null, byId: 'system', proposalId: null }
    await note(env, what, 'appointed')
    for (const other of others) await tell(env, other, name)
    const seconds = INVITATION_SECONDS.terminal
    return people.issue(env, { area: 'operator', holderId: id, seconds })
  })
}

const together = ({ lasting }: OperatorKept) => [...new Set([...ROLES, ...lasting])]

function read(env: Env, asked: FirstAsked) {
  const email = canonicalEmail(asked.email)
  const name = asked.name.normalize('NFKC').trim()
  const now = env.now()
  const latest = dayOf(new Date(now.getTime() + LONGEST_DAYS * 86_400_000))
  const endsOn = asked.endsOn ?? dayOf(new Date(now.getTime() + 365 * 86_400_000))
  const fields = {
    ...(!email && { email: 'email' }),
    ...((!name || name.length > 80) && { name: 'required' }),
    ...((!isDay(endsOn) || !hasRights({ endsOn }, dayOf(now)) || endsOn > latest) && {
      ends: 'date',
    }),
  }
  if (!email || Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
  return { email, name, endsOn }
}

function tell(env: Env, { email }: OperatorKept, name: string): Promise<void> {
  const link = `${originOf(env.config, 'operator')}/admin/operators`
  const values = { link, at: words('ja').dateTime(env.now()), name }
  return notices.send(env, { to: email, language: 'ja', letter: 'administrator_made', values })
}
