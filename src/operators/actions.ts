import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import { seal } from '../vault.ts'
import { newName, type OperatorAsked, type Task } from './model.ts'
import * as store from './store.ts'

export { choiceAt, tell, told, type Told } from './deciding.ts'
export { first } from './first.ts'
export { inOffice, marks } from './office.ts'

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

/** The shortest reason that counts as one, in characters. */
const REASON_LENGTH = 10

/**
 * Writes down that an operator is about to see a person's data, and why: before anything is shown (J10, APPI 24).
 * The audit record names the view; the reason, which may hold personal data, stays in operator_views.
 *
 * @throws Refusal invalid_input at `reason` where it is shorter than ten characters
 */
export async function viewPerson(
  env: Env,
  operatorId: string,
  asked: {
    object: { kind: string; id: string }
    reason: string
    /** The request for which they look: who has not looked does not decide it. */
    caseId?: string
  },
): Promise<void> {
  const { object, reason, caseId } = asked
  const given = reason.normalize('NFKC').trim()
  if (Array.from(given).length < REASON_LENGTH)
    throw new Refusal('invalid_input', { fields: { reason: 'reason_short' } })
  await atomically(env, async (env) => {
    const [id, at] = [env.newId(), env.now()]
    const row = { id, operatorId, objectKind: object.kind, objectId: object.id, at }
    await store.insertView(env.db, { ...row, reason: given })
    await audit.record(env, {
      actor: { kind: 'operator', id: operatorId },
      act: 'operators.view_person',
      object,
      details: { view: id, ...(caseId !== undefined && { case: caseId }) },
    })
  })
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
