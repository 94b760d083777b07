/** Puts to the rows of the ledger what the law lists: who they were then, and what the items were called. */
import { namesByKind, type ItemId } from '../catalogue/model.ts'
import { subjectOfConsent } from '../consents/model.ts'
import * as contracts from '../contracts/actions.ts'
import type { Env } from '../env.ts'
import type { Both, Installation } from '../installation.ts'
import { inForce, type Entry, type Giver, type Lump, type Party, type Receiver } from './model.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

type Found = queries.Found

/** Reads the parties and names once per reading, each company when it first appears. */
export async function reader(env: Env) {
  const items = await queries.names(env.db, 'items')
  const purposes = await queries.names(env.db, 'purposes')
  const members = new Map<string, queries.MemberVersion[]>()
  const giverAt = await giverReader(env)

  async function know(found: readonly Found[]): Promise<void> {
    const strange = [...new Set(found.map((row) => row.memberId))].filter((id) => !members.has(id))
    if (!strange.length) return
    const versions = await queries.memberVersions(env.db, strange)
    for (const id of strange)
      members.set(
        id,
        versions.filter((one) => one.memberId === id),
      )
  }

  const common = (row: Found, at: Date, giver: Giver) => ({
    residentId: row.residentId,
    userId: row.userId,
    sub: subjectOfConsent(env.secrets.pairwise, row.userId, row),
    test: row.test,
    serviceId: row.serviceId,
    service: bothOf(row.service),
    receiver: receiverOf(row, partyAt(members, row.memberId, at)),
    giver,
    contract: row.contract,
    items: row.items.map((id) => ({
      id: id as ItemId,
      names: namesByKind(
        id,
        nameOf(items, id, row.agreedItems.find((one) => one.item === id)?.itemVersion),
        row.subjectType,
      ),
    })),
    purposes: row.purposes.map((id) => ({ id, names: nameOf(purposes, id) })),
    consent: {
      id: row.consentId,
      version: row.consentVersion,
      agreedAt: row.agreedAt,
      template: row.template,
      templateVersion: row.templateVersion,
    },
  })

  return {
    async raw(found: readonly queries.FoundRaw[]): Promise<Entry[]> {
      await know(found)
      const entries: Entry[] = []
      for (const row of found) {
        const { id, at, path } = row
        entries.push({ kind: 'raw', id, at, path, ...common(row, at, await giverAt(at)) })
      }
      return entries
    },
    async lumps(found: readonly queries.FoundLump[]): Promise<Lump[]> {
      await know(found)
      const lumps: Lump[] = []
      for (const row of found) {
        const { from, to, times } = row
        lumps.push({ kind: 'lump', from, to, times, ...common(row, to, await giverAt(to)) })
      }
      return lumps
    },
  }
}

function partyAt(
  members: ReadonlyMap<string, queries.MemberVersion[]>,
  memberId: string,
  at: Date,
): Party {
  const version = inForce(members.get(memberId) ?? [], at)
  if (!version) throw new Error('a provision names a company without a version')
  return version
}

function receiverOf({ memberId, corporateNumber }: Found, party: Party): Receiver {
  const { names, address, representative } = party
  return { memberId, corporateNumber, names, address, representative }
}

const bothOf = ({ ja, en }: Both): Both => ({ ja, en })

/** What something was called in the version that was agreed to; where none is named, as it is called now. */
function nameOf(all: readonly queries.Named[], id: string, version?: number): Both {
  const own = all.filter((one) => one.id === id)
  const found = own.find((one) => one.version === version) ?? own.at(-1)
  return found?.names ?? { ja: id, en: id }
}

/** The giver at a moment: the settings of that day, in the governance phase of that day (S-39). */
async function giverReader(env: Env): Promise<(at: Date) => Promise<Giver>> {
  const versions = await store.giverVersions(env.db)
  const known = new Map<string, Giver>()
  return async (at) => {
    const version = inForce(versions, at)
    const key = `${version?.version ?? 0} ${tokyoDay(at)}`
    const found = known.get(key) ?? giverOf(await siteAt(env, version?.body, at))
    known.set(key, found)
    return found
  }
}

/** Counts days in Asia/Tokyo: phases turn at their beginning. */
const tokyoDay = (at: Date) => Math.floor((at.getTime() + 9 * 3_600_000) / 86_400_000)

function siteAt(env: Env, installation: Installation | undefined, at: Date) {
  if (!installation) return contracts.siteAt(env, at)
  return contracts.siteAt({ ...env, config: { ...env.config, installation } }, at)
}

const giverOf = ({ consortium, address, representative, leadMember }: Installation): Giver => ({
  names: consortium,
  address,
  representative,
  lead: leadMember ?? null,
})
