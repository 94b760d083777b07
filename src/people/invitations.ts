/** Links by which somebody sets up how they sign in: once, for a time, and nobody does it for them (J11, J12). */
import { createHash } from 'node:crypto'
import * as audit from '../audit/actions.ts'
import { atomically, type Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { Refusal } from '../refusal.ts'
import * as store from './factor_store.ts'
import { endFactors, factorsOf, insertPasskey, readPassword, type PasswordSet } from './factors.ts'
import { BASE, INVITATION_SECONDS, originOf, type Area, type Holder } from './model.ts'
import type { NewPasskey } from './passkeys.ts'

export type Invited = {
  area: Area
  /** Row id of the operator or staff member; the row must be there. */
  holderId: string
  email: string
  name: string
  language: Language
  /** Where the link comes with the news that an application was approved. */
  approved?: { company: string; number: string }
}

const hash = (secret: string) => createHash('sha256').update(secret).digest()

/**
 * Writes somebody a link that works for 72 hours and once. Whatever they could sign in with before ends now, with every
 * session: the same door serves who is new and who lost a factor.
 */
export function invite(env: Env, { area, holderId, email, name, language, approved }: Invited) {
  return atomically(env, async (env): Promise<void> => {
    const { href, expiresAt, again } = await issue(env, {
      area,
      holderId,
      seconds: INVITATION_SECONDS.mail,
    })
    const values = { link: href, name, until: words(language).dateTime(expiresAt) }
    await (approved
      ? notices.send(env, {
          to: email,
          language,
          letter: 'application_approved',
          values: { ...values, ...approved },
        })
      : notices.send(env, {
          to: email,
          language,
          letter: 'people_invitation',
          values: { ...values, area, again },
        }))
  })
}

/**
 * A link without a mail, for the terminal: see operators/first.ts.
 *
 * @returns again: whether there was something to sign in with, which ended
 */
export function issue(
  env: Env,
  { area, holderId, seconds }: { area: Area; holderId: string; seconds: number },
): Promise<{ href: string; expiresAt: Date; again: boolean }> {
  return atomically(env, async (env) => {
    const [id, secret] = [env.newId(), env.newSecret()]
    const expiresAt = new Date(env.now().getTime() + seconds * 1000)
    const again = await endFactors(env, area, holderId)
    await store.endInvitations(env.db, area, holderId, env.now())
    const row = { id, area, holderId, secretHash: hash(secret), at: env.now(), expiresAt }
    await store.insertInvitation(env.db, row)
    await audit.record(env, {
      actor: { kind: 'system', id: 'invitation' },
      act: 'people.invite',
      object: { kind: area, id: holderId },
      details: { invitation: id },
    })
    const href = `${originOf(env.config, area)}${BASE[area]}/invitation/${secret}`
    return { href, expiresAt, again }
  })
}

/** Withdraws what was not used: for who leaves before they came. */
export function endInvitations(env: Env, area: Area, holderId: string): Promise<void> {
  return store.endInvitations(env.db, area, holderId, env.now())
}

export type Invitation = { id: string; area: Area; holder: Holder }

/** Whose link it is; it is not used up. @throws Refusal link_expired */
export async function invitationOf(env: Env, area: Area, secret: string): Promise<Invitation> {
  const found = await store.invited(env.db, area, hash(secret), env.now())
  if (!found) throw new Refusal('link_expired')
  const { holder } = await factorsOf(env, area, found.holderId)
  return { id: found.id, area, holder }
}

/** Accepts with a passkey. @throws Refusal link_expired, invalid_input */
export function acceptWithPasskey(
  env: Env,
  invitation: Invitation,
  made: NewPasskey,
  name: string,
) {
  return atomically(env, async (env): Promise<void> => {
    await accept(env, invitation, 'passkey')
    await insertPasskey(env, { area: invitation.area, holderId: invitation.holder.id }, made, name)
  })
}

/** Accepts with password and codes. @throws Refusal link_expired, invalid_input */
export async function acceptWithPassword(env: Env, invitation: Invitation, typed: PasswordSet) {
  const { area, holder } = invitation
  const row = await readPassword(env, { area, holderId: holder.id }, typed)
  await atomically(env, async (env) => {
    await accept(env, invitation, 'password')
    await store.setPassword(env.db, area, holder.id, row)
  })
}

async function accept(env: Env, { id, area, holder }: Invitation, by: string): Promise<void> {
  await store.hold(env.db, area, holder.id)
  if (!(await store.useInvitation(env.db, id, env.now()))) throw new Refusal('link_expired')
  await audit.record(env, {
    actor: { kind: area, id: holder.id },
    act: 'people.accept',
    object: { kind: area, id: holder.id },
    details: { invitation: id, by },
  })
}
