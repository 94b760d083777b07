import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { seal } from '../vault.ts'
import type { OperatorAsked } from './model.ts'
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
