/** What an applicant does: apply, correct, withdraw. No account is needed, and none is made (J11). */
import type { Json } from '../audit/model.ts'
import { count, type Limit } from '../database/limits.ts'
import { atomically, type Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import * as notices from '../notices/actions.ts'
import { marksOf } from '../people/model.ts'
import type { Person } from '../persons.ts'
import { Refusal } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import { readApplication, refuseWrong, type Application, type Typed } from './application.ts'
import { issueLink, opened } from './links.ts'
import { applicationFaults } from './names.ts'

/** Applications sent from one address (H23). */
const PER_ADDRESS: Limit = { name: 'member_apply', points: 20, seconds: 3600 }

/** What a person can read over the telephone; the link is what opens it. */
export function numberOf(proposalId: string): string {
  return `K-${proposalId.slice(0, 8).toUpperCase()}`
}

/** The application a proposal holds; undefined where it is about a company that is a member already. */
export function applicationOf(proposal: Pick<Proposal, 'body'>): Application | undefined {
  return proposal.body['application'] as unknown as Application | undefined
}

/** Who sent an application, as the rule of two persons knows people (J4). */
function applicant(env: Env, memberId: string, { manager, profile }: Application): Person {
  const key = env.secrets.people
  const desk = { name: manager.name, email: profile.contact.email }
  const marks = [...new Set([...marksOf(key, manager), ...marksOf(key, desk)])]
  return { kind: 'applicant', id: `applicant:${memberId}`, marks }
}

const bodyOf = (application: Application) => ({ application: application as unknown as Json })

/**
 * Takes in an application and sends its link to the first manager.
 *
 * @param address of the client, for the cap
 * @throws Refusal invalid_input with a rule per field, nothing stored; too_many_attempts
 */
export async function apply(
  env: Env,
  typed: Typed,
  { language, address }: { language: Language; address: string },
): Promise<Proposal> {
  const application = readApplication(typed, language)
  const memberId = env.newId()
  refuseWrong(await applicationFaults(env, application, memberId))
  if (!(await count(env, PER_ADDRESS, address)).within) throw new Refusal('too_many_attempts')
  return atomically(env, async (env) => {
    const by = applicant(env, memberId, application)
    const asked = { kind: 'member', subjectId: memberId, memberId: null } as const
    const { id, hash } = await reviews.draft(env, { ...asked, body: bodyOf(application), by })
    const sent = await reviews.submit(env, { id, hash, by })
    await write(env, sent, application, 'application_received', '')
    return sent
  })
}

/** Sends a letter with a new link to the first manager of an application. */
export async function write(
  env: Env,
  proposal: Proposal,
  { manager, profile, language }: Application,
  letter: 'application_received' | 'application_returned',
  note: string,
): Promise<void> {
  const link = await issueLink(env, proposal.id)
  const values = { company: profile.names[language], number: numberOf(proposal.id), note, link }
  await notices.send(env, { to: manager.email, language, letter, values })
}

/**
 * Answers a 補正: the corrected application, sent again.
 *
 * @throws Refusal link_expired, invalid_input, wrong_state, changed_meanwhile
 */
export async function correct(
  env: Env,
  secret: string,
  { typed, hash }: { typed: Typed; hash: string },
): Promise<Proposal> {
  const { id, state, subjectId, body } = await opened(env, secret)
  const before = applicationOf({ body })
  if (state !== 'returned' || !before || !subjectId) throw new Refusal('wrong_state')
  const application = readApplication(typed, before.language)
  refuseWrong(await applicationFaults(env, application, subjectId))
  return atomically(env, async (env) => {
    const by = applicant(env, subjectId, application)
    const edited = await reviews.edit(env, { id, hash, by, body: bodyOf(application) })
    return reviews.submit(env, { id, hash: edited.hash, by })
  })
}

/** The applicant takes the application back. @throws Refusal link_expired, wrong_state, changed_meanwhile */
export async function withdraw(env: Env, secret: string, hash: string): Promise<Proposal> {
  const { id, subjectId, body } = await opened(env, secret)
  const application = applicationOf({ body })
  if (!application || !subjectId) throw new Refusal('wrong_state')
  return reviews.withdraw(env, { id, hash, by: applicant(env, subjectId, application) })
}
