/**
 * 提供記録 as the law lists it – the consortium makes it for giver and receiver alike (代行).
 * Owns: what a row of the record says, raw and lumped, and the giver's own versions. Does not own: provision records
 * (provisions), companies (members). Law: APPI 29, 30; 施行規則 19–24; PPC guideline 4-1-3. Rows: E-04…E-08, M8.
 */
import type { ItemId } from '../catalogue/model.ts'
import type { Both, Installation } from '../installation.ts'

/** Name, address and representative at the moment of the provision (規則 20(1)(ii)ロ, 24(1)). */
export type Party = { names: Both; address: Both; representative: Both }
export type Receiver = Party & { memberId: string; corporateNumber: string }
/** `lead`: before incorporation, the member that answers as legal person (S-39). */
export type Giver = Party & { lead: Both | null }

export type Path = 'userinfo' | 'id_token' | 'api' | 'event' | 'export'

/** Which record: the giver's of article 29, or the receiver's of article 30. */
export const SIDES = ['giver', 'receiver'] as const
export type Side = (typeof SIDES)[number]

/** One row per release, or continuous provision taken together (規則 19(2), 23(2)). */
export const FORMS = ['raw', 'lump'] as const
export type Form = (typeof FORMS)[number]

export const TYPES = ['csv', 'json'] as const
export type FileType = (typeof TYPES)[number]

/** What every row says, raw or lumped. */
type Common = {
  residentId: string
  /** The person as the consortium knows them: the shared user ID, kept when the account is erased. */
  userId: string
  /** The person as the receiver knows them (shared or pairwise). */
  sub: string
  /** A made-up person of a company's test side. */
  test: boolean
  serviceId: string
  service: Both
  receiver: Receiver
  giver: Giver
  contract: string
  items: { id: ItemId; names: Both }[]
  purposes: { id: string; names: Both }[]
  /** That consent was obtained, and which (規則 20(1)(ii)イ, 24(1)). */
  consent: {
    id: string
    version: number
    agreedAt: Date
    template: string
    templateVersion: number
  }
}

/** One release. */
export type Entry = Common & { kind: 'raw'; id: string; at: Date; path: Path }

/** Releases to one service under one consent, taken together. */
export type Lump = Common & { kind: 'lump'; from: Date; to: Date; times: number }

/** Where a reading goes on: behind this row. */
export type Cursor = { at: Date; id: string }

export type Scope = {
  /** Of one company; undefined: all. */
  memberId: string | undefined
  /** Of one service; undefined: all. */
  serviceId: string | undefined
  /** Inclusive; undefined: from the first. */
  from: Date | undefined
  /** Exclusive. */
  to: Date
}

/** The giver as a version of the settings said. */
export type GiverVersion = { version: number; since: Date; body: Installation; hash: Buffer }

/** The version that was in force: the newest begun, else the first there is. */
export function inForce<T extends { since: Date }>(
  versions: readonly T[],
  at: Date,
): T | undefined {
  return versions.findLast((one) => one.since <= at) ?? versions[0]
}

/** `<milliseconds>.<uuid>` */
export const cursorText = ({ at, id }: Cursor): string => `${at.getTime()}.${id}`
