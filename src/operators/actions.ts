import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import { marksOf } from '../people/model.ts'
import { seal } from '../vault.ts'
import { hasRights, type Operator, type OperatorAsked } from './model.ts'
import * as store from './store.ts'

/** Makes somebody an operator; the seed of the TOTP is kept sealed (M1). */
export function enrol(env: Env, asked: OperatorAsked): Promise<void> {
  return atomically(env, async (env) => {
    const id = env.newId()
    const totpSealed = seal(env.secrets.people, asked.totpSecret, id)
    await store.insert(env.db, { ...asked, id, totpSealed, at: env.now() })
    await audit.record(env, {
      actor: { kind: 'system', id: 'seed' },
      act: 'operators.enrol',
      object: { kind: 'operator', id },
      details: { roles: asked.roles },
    })
  })
}

/** An operator whose rights stand today (J5). */
export async function inOffice(env: Env, id: string): Promise<Operator | undefined> {
  const found = await store.byId(env.db, id)
  return found && hasRights(found, dayOf(env.now())) ? found : undefined
}

/** What shows the person behind the account (J4). */
export function marks(env: Env, { email, name, numberMark }: Operator): string[] {
  return [...marksOf(env.secrets.people, { email, name }), ...(numberMark ? [numberMark] : [])]
}
