/** Whether a company's name, number or address is free to take (F7). */
import type { Env } from '../env.ts'
import { lookalikes, officialNames } from '../input/lookalikes.ts'
import { skeleton } from '../input/spelling.ts'
import type { Both } from '../installation.ts'
import type { Fields } from '../refusal.ts'
import type { Application } from './application.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

/**
 * What is wrong with the name of a company: it passes for another's, for a service of another, or for the city's.
 * Two companies may bear the very same legal name; the corporate number tells them apart.
 */
export async function nameFaults(env: Env, one: { id: string; names: Both }): Promise<Fields> {
  const { id, names } = one
  const named = { kind: 'member' as const, id, memberId: id, path: '', names }
  const fields: Fields = {}
  for (const { path } of lookalikes([named], await store.names(env.db), []))
    fields[fieldOf(path)] = 'name_looks_alike'
  const services = (await queries.serviceNames(env.db)).filter((other) => other.memberId !== id)
  const taken = new Set(services.flatMap((other) => [skeleton(other.ja), skeleton(other.en)]))
  const { own, city } = officialNames(env.config.installation)
  for (const language of ['ja', 'en'] as const) {
    const bones = skeleton(names[language])
    if (taken.has(bones)) fields[`name_${language}`] = 'name_looks_alike'
    if (city.includes(bones) || own.some((word) => bones.includes(word)))
      fields[`name_${language}`] = 'name_official'
  }
  return fields
}

const fieldOf = (path: string) => (path.endsWith('/ja') ? 'name_ja' : 'name_en')

/** What an applicant can see without asking us: a company of the public list, and its name. */
export async function applicationFaults(
  env: Env,
  { corporateNumber, profile }: Application,
  id: string,
): Promise<Fields> {
  return {
    ...(await nameFaults(env, { id, names: profile.names })),
    ...((await queries.isListed(env.db, corporateNumber)) && { corporate_number: 'member_known' }),
  }
}

/** What the operators should look at before they decide; nothing an applicant is told. */
export type Warning = 'number_known' | 'number_asked' | 'manager_known' | 'name_alike' | 'same_name'

export async function warnings(
  env: Env,
  proposal: { id: string; subjectId: string | null },
  { corporateNumber, profile, manager }: Application,
): Promise<Warning[]> {
  const id = proposal.subjectId ?? proposal.id
  const known = await store.byCorporateNumber(env.db, corporateNumber)
  const same = (await store.names(env.db)).some(
    (other) => other.id !== id && other.names.ja === profile.names.ja,
  )
  const found: [Warning, boolean][] = [
    ['number_known', known !== undefined && known.id !== id],
    ['number_asked', await queries.isAskedTwice(env.db, corporateNumber, proposal.id)],
    ['manager_known', (await store.staffByEmail(env.db, manager.email, env.now())) !== undefined],
    ['name_alike', Object.keys(await nameFaults(env, { id, names: profile.names })).length > 0],
    ['same_name', same],
  ]
  return found.flatMap(([warning, applies]) => (applies ? [warning] : []))
}
