/** Who looked at whom, and why (J10, APPI 24). */
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import { isUuid } from '../input/ids.ts'
import type { OperatorRole } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import { seal, unseal } from '../vault.ts'
import { namesContact, type ViewKept } from './model.ts'
import * as store from './store.ts'

/** The shortest reason that counts as one, in characters. */
const REASON_LENGTH = 10

/** Reasons are read by auditors and privacy officers (J10). */
export const readsReasons = (roles: readonly OperatorRole[]): boolean =>
  roles.includes('auditor') || roles.includes('privacy_officer')

/**
 * Writes down that an operator is about to see a person's data, and why: before anything is shown (J10, APPI 24).
 * The audit record names the view; the reason, which may name the person all the same, stays in operator_views, sealed
 * under the resident's key, and goes with it (M8). Where nobody was found there is no key: it is kept as it is.
 *
 * @throws Refusal wrong_state where the account is erased: there is nobody to look at any more; invalid_input at
 *   `reason` where it is shorter than ten characters or holds an address or a phone number
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
  const { object, caseId } = asked
  const given = reasonIn(asked.reason)
  await atomically(env, async (env) => {
    const [id, at] = [env.newId(), env.now()]
    const row = { id, operatorId, objectKind: object.kind, objectId: object.id, at }
    const resident = isPerson(object.id) ? await residents.find(env, object.id) : undefined
    if (isPerson(object.id) && !resident) throw new Refusal('wrong_state')
    const kept = resident
      ? { reason: null, sealed: seal(resident.dataKey, given, contextOf(id)) }
      : { reason: given, sealed: null }
    await store.insertView(env.db, { ...row, ...kept })
    await audit.record(env, {
      actor: { kind: 'operator', id: operatorId },
      act: 'operators.view_person',
      object,
      details: { view: id, ...(caseId !== undefined && { case: caseId }) },
    })
  })
}

function reasonIn(typed: string): string {
  const given = typed.normalize('NFKC').trim()
  const wrong =
    Array.from(given).length < REASON_LENGTH
      ? 'reason_short'
      : namesContact(given)
        ? 'reason_contact'
        : undefined
  if (wrong) throw new Refusal('invalid_input', { fields: { reason: wrong } })
  return given
}

/** An id of a resident; `nobody` is none. */
const isPerson = (objectId: string) => isUuid(objectId)

const contextOf = (viewId: string) => `view:${viewId}`

/**
 * The reasons of views, by the id of the view; one about a person whose account is erased is left out, also where it was
 * written before reasons were sealed.
 */
export async function viewReasons(
  env: Env,
  views: readonly ViewKept[],
): Promise<Map<string, string>> {
  const ids = new Set(views.map(({ objectId }) => objectId).filter(isPerson))
  const known = ids.size ? await residents.findMany(env, [...ids]) : []
  const keys = new Map(known.map(({ id, dataKey }) => [id, dataKey]))
  return new Map(
    views.flatMap(({ id, objectId, reason, sealed }) => {
      const key = keys.get(objectId)
      if (isPerson(objectId) && !key) return []
      const text = key && sealed ? unseal(key, sealed, contextOf(id)).toString() : reason
      return text === null ? [] : [[id, text] as const]
    }),
  )
}
