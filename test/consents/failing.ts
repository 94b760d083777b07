/** A deed that fails when half of it is done. */
import { expect } from '@jest/globals'
import * as consents from '../../src/consents/actions.ts'
import type { Env } from '../../src/env.ts'
import * as residents from '../../src/residents/actions.ts'
import type { Resident } from '../../src/residents/model.ts'
import { makeService } from '../support/builders.ts'

/** Changes a resident's name and, in the same transaction, withdraws a consent that never was: all of it is undone. */
export async function failToWithdraw(env: Env, resident: Resident): Promise<void> {
  const service = await makeService(env)
  const rolledBack = env.db.transaction(async (db) => {
    const within = { ...env, db }
    await residents.updateProfile(within, resident.id, { given_name: '夏子' })
    await consents.withdraw(within, resident, service.id)
  })
  await expect(rolledBack).rejects.toMatchObject({ reason: 'consent_not_found' })
}
