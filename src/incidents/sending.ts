/** The letters, batch by batch: each batch in one transaction, and once. */
import { atomically, type Env } from '../env.ts'
import type { Both } from '../installation.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import * as residents from '../residents/actions.ts'
import type { Resident } from '../residents/model.ts'
import * as reviews from '../reviews/actions.ts'
import type { Body, Incident } from './model.ts'
import * as queries from './queries.ts'
import * as letterStore from './letter_store.ts'
import * as store from './store.ts'

/** Lays every batch that is not done into the queue; one that is there twice is done once. */
export async function enqueue(env: Env, id: string): Promise<number> {
  const left = await letterStore.batchesLeft(env.db, id)
  for (const number of left) await env.queue.send(env.db, 'incidents.send', { id, number })
  return left.length
}

/** One batch: letter, notice and mail of each person, or nothing of it. */
export function sendBatch(env: Env, asked: { id: string; number: number }): Promise<void> {
  return atomically(env, async (env) => {
    const batch = await letterStore.holdBatch(env.db, asked.id, asked.number)
    const incident = batch && (await store.find(env.db, asked.id))
    if (!batch || incident?.state !== 'sending') return
    const persons = await letterStore.personsBetween(env.db, batch)
    const open = new Map((await residents.findMany(env, persons)).map((one) => [one.id, one]))
    const letters = persons.map((residentId) => {
      const reached = open.get(residentId)?.emailVerifiedAt
      const outcome = reached ? ('posted' as const) : ('unreachable' as const)
      return { id: env.newId(), residentId, outcome }
    })
    const added = await letterStore.insertLetters(env.db, incident.id, letters, env.now())
    const mine = letters.flatMap(({ id, residentId, outcome }) => {
      const resident = open.get(residentId)
      return added.has(id) && outcome === 'posted' && resident ? [{ id, resident }] : []
    })
    await deliver(env, incident, mine)
    await letterStore.batchDone(env.db, batch, env.now())
    await finishIfLast(env, incident.id)
  })
}

type Addressed = { id: string; resident: Resident }

async function deliver(env: Env, incident: Incident, letters: readonly Addressed[]): Promise<void> {
  const body = await bodyOf(env, incident)
  const company = await holderOf(env, incident)
  const on = { ja: words('ja').date(env.now()), en: words('en').date(env.now()) }
  await notices.postMany(
    env,
    letters.map(({ id, resident }) => ({
      residentId: resident.id,
      kind: 'leak' as const,
      mustRead: true,
      values: { company, on },
      link: `/account/letters/${id}`,
      once: `leak ${incident.id}`,
    })),
  )
  await notices.sendMany(
    env,
    letters.map(({ id, resident: { profile, language } }) => ({
      to: profile.email,
      language,
      letter: 'leak' as const,
      values: {
        company: company[language],
        text: body.letter[language],
        link: `${env.config.issuer}/account/letters/${id}`,
      },
      about: id,
    })),
  )
}

/** Who held what leaked, by name: once letters go out, by the name it had then. */
export async function holderOf(
  env: Env,
  { memberId, approvedAt }: Pick<Incident, 'memberId' | 'approvedAt'>,
): Promise<Both> {
  const at = approvedAt ?? env.now()
  const named = memberId ? await queries.memberNames(env.db, memberId, at) : undefined
  const { ja, en } = named ?? env.config.installation.consortium
  return { ja, en }
}

/** The approved words of a round. */
export async function bodyOf(
  env: Env,
  { proposalId }: Pick<Incident, 'proposalId'>,
): Promise<Body> {
  const proposal = proposalId ? await reviews.find(env, proposalId) : undefined
  if (!proposal) throw new Error('a round of letters has no words')
  return proposal.body as unknown as Body
}

/** Of two that finish at once, the second sees that the first has finished: the round is held meanwhile. */
async function finishIfLast(env: Env, id: string): Promise<void> {
  const held = await store.find(env.db, id, true)
  if (held?.state !== 'sending' || (await letterStore.batchesLeft(env.db, id)).length) return
  await store.update(env.db, id, { state: 'sent', finished_at: env.now() }, env.now())
}
