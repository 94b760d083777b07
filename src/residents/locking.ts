/** 「私ではありません」: the owner stops what somebody else does with their account (field 22, security.md G7, H18, H22). */
import * as audit from '../audit/actions.ts'
import { closeGate } from '../database/gate.ts'
import { atomically, type Env } from '../env.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { need } from './accounts.ts'
import { callOffClosing } from './closing.ts'
import { restore } from './credentials.ts'
import * as devices from './device_store.ts'
import * as links from './links.ts'
import type { Resident } from './model.ts'
import * as store from './store.ts'

/**
 * Ends every session and every known browser, and lets nobody in until a new password is set by mail. Where the address
 * was changed since the letter with this link was written, it is again the one that letter went to. Links that somebody
 * else could have caused meanwhile die; older ones, which may be the owner's own way back, do not. A closing that is under
 * way is called off: erasing cannot be undone, and whoever meant it can ask again.
 *
 * @throws Refusal link_expired
 */
export async function notMe(env: Env, secret: string): Promise<void> {
  await atomically(env, async (env) => {
    const link = await links.consume(env, 'not_me', secret)
    await store.lock(env.db, link.resident_id)
    const { resident } = await need(env, link.resident_id)
    const email = links.carried(link, resident)
    const addressRestored =
      email !== resident.profile.email && (await restore(env, resident, email))
    await shut(env, resident, link)
    const closingCalledOff = await callOffClosing(env, resident.id)
    const to = addressRestored ? email : resident.profile.email
    await tell(env, resident, to, { addressRestored, closingCalledOff })
  })
}

async function shut(env: Env, resident: Resident, link: store.LinkRow): Promise<void> {
  const at = env.now()
  await closeGate(env.db, resident.id)
  await store.update(env.db, resident.id, { password_hash: null })
  await store.killLinks(env.db, resident.id, ['verify', 'recover', 'change_email'], at)
  await store.killLinksSince(env.db, resident.id, ['undo_email', 'not_me'], link.created_at, at)
  await devices.forget(env.db, resident.id)
  const ended = await store.endSignIns(env.db, resident.id, at)
  await store.insertChanges(env.db, [
    { id: env.newId(), residentId: resident.id, what: 'locked', at },
  ])
  await audit.record(env, {
    actor: { kind: 'resident', id: resident.id },
    act: 'residents.locked_by_owner',
    object: { kind: 'resident', id: resident.id },
    details: { ended },
  })
}

/** By mail the way back in; on the page, once they are in, what to look at. */
async function tell(
  env: Env,
  resident: Resident,
  to: string,
  undone: { addressRestored: boolean; closingCalledOff: boolean },
): Promise<void> {
  const { language } = resident
  const at = words(language).dateTime(env.now())
  const recovery = await links.issue(env, 'recover', resident)
  await notices.send(env, {
    to,
    language,
    letter: 'sign_in_locked',
    values: { link: recovery.href, at, ...undone },
    about: recovery.id,
  })
  await notices.post(env, resident.id, {
    kind: 'sign_in_locked',
    mustRead: true,
    values: { at, ...undone },
    link: '/account/history',
  })
}
