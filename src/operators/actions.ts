import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import * as reviews from '../reviews/actions.ts'
import { seal } from '../vault.ts'
import { newName, type OperatorAsked, type Task } from './model.ts'
import * as store from './store.ts'

export { choiceAt, tell, told, type Told } from './deciding.ts'
export { first } from './first.ts'
export { inOffice, marks } from './office.ts'
export { readsReasons, viewPerson, viewReasons } from './viewing.ts'

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

/** Names of operators, in office or not; unknown ids are left out. */
export function names(env: Env, ids: readonly string[]): Promise<Map<string, string>> {
  return store.names(env.db, ids)
}

/** What waits for an administrator: changes that a second one must see, and rights about to end. */
export async function tasks(env: Env): Promise<Task[]> {
  const open = await reviews.list(env, { kinds: ['operator'], states: ['proposed'] })
  const all = new Map((await store.list(env.db)).map((one) => [one.id, one]))
  const today = dayOf(env.now())
  const soon = dayOf(new Date(env.now().getTime() + 30 * 86_400_000))
  const ending = [...all.values()].filter(({ endsOn }) => today <= endsOn && endsOn <= soon)
  return [
    ...open.map(({ id, subjectId, body }) => ({
      kind: 'operator_change',
      name: all.get(subjectId ?? '')?.name ?? newName(body),
      href: `/admin/operators/proposals/${id}`,
    })),
    ...ending.map(({ id, name, endsOn }) => ({
      kind: 'operator_ends',
      name,
      href: `/admin/operators/${id}`,
      dueAt: new Date(`${endsOn}T23:59:59+09:00`),
    })),
  ]
}
