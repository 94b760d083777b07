/** 本人確認 (I-13, J13): the password once more; it counts for five minutes in this browser. */
import type { Env } from '../env.ts'
import { knownAs } from '../http/cookies.ts'
import { clientAddress } from '../http/headers.ts'
import type { Ctx } from '../http/state.ts'
import { Refusal } from '../refusal.ts'
import * as residents from '../residents/actions.ts'
import * as store from './store.ts'

const MINUTES = 5

type Here = { residentId: string; sessionUid: string }

/** Id of the check that still counts in this browser; undefined where the password must be entered. */
export async function confirmed(env: Env, here: Here): Promise<string | undefined> {
  const since = new Date(env.now().getTime() - MINUTES * 60_000)
  return (await store.identityCheck(env.db, { ...here, since }))?.id
}

/**
 * Checks the password typed in this browser and keeps that it was right.
 *
 * @returns id of the check
 * @throws Refusal invalid_input at `password`, too_many_attempts
 */
export async function confirmHere(ctx: Ctx, password: string): Promise<string> {
  const { env, resident } = ctx.state
  if (!resident) throw new Refusal('sign_in_required')
  if (!password) throw new Refusal('invalid_input', { fields: { password: 'required' } })
  const { residentId, sessionUid } = resident
  const self = { residentId, sessionUid, address: clientAddress(ctx), device: knownAs(ctx) }
  await residents.confirmOwner(env, self, password)
  const id = env.newId()
  await store.insertIdentityCheck(env.db, { id, residentId, sessionUid, at: env.now() })
  return id
}
