/**
 * 加盟企業 – the companies that signed a contract with the consortium.
 * Owns: members, their versions and standing, their staff. Does not own: contracts, services.
 * Rows: S-18, S-20, S-51, S-59.
 */
import type { Both } from '../installation.ts'
import type { StaffRole } from '../persons.ts'

export type MemberStatus = 'applied' | 'approved' | 'active' | 'suspended' | 'excluded' | 'left'

/** A member as it stands now, with its newest version. */
export type MemberNow = {
  id: string
  corporateNumber: string
  status: MemberStatus
  versionId: string
  version: number
  /** Legal name. */
  names: Both
  address: Both
  representative: Both
  contact: { desk: Both; phone: string; email: string; url: string }
  /** Reading of the Japanese name, katakana; companies of an onboarding file may have none. */
  kana?: string
  /** Who answers inside the company (K-08). */
  officers?: Officers
}

/** 個人情報の責任者 and 技術の責任者. */
export type Officers = Record<'privacy' | 'technical', Officer>
type Officer = { name: string; title: string; email: string }

/** What `member_versions.body` holds. */
export type MemberBody = Pick<
  MemberNow,
  'names' | 'address' | 'representative' | 'contact' | 'kana' | 'officers'
>

/** One turn in the life of a member, as the public list shows it (S-18, S-51). */
export type StatusChange = { status: MemberStatus; at: Date }

/** A member with its history, oldest first. */
export type MemberOfList = { member: MemberNow; history: StatusChange[] }

/** Once active, a member stays on the public list, whatever became of it (S-18). */
export function isPublic({ history }: Pick<MemberOfList, 'history'>): boolean {
  return history.some((change) => change.status === 'active')
}

/** First day as a member, and the day it left or was excluded; undefined while it is one. */
export function membership(history: readonly StatusChange[]): { joined?: Date; left?: Date } {
  const joined = history.find((change) => change.status === 'active')?.at
  const last = history.at(-1)
  const gone = last && ['left', 'excluded'].includes(last.status) ? last.at : undefined
  return { ...(joined && { joined }), ...(gone && { left: gone }) }
}

/** What onboarding did to one company, contract or service; `news` is empty where the file says what is known. */
export type Change = {
  what: 'member' | 'contract' | 'service'
  name: string
  version: number
  news: ('added' | 'new_version' | 'status' | 'client')[]
}

/** Somebody who works for a member company, with the company's standing now. */
export type Staff = {
  id: string
  memberId: string
  memberStatus: MemberStatus
  email: string
  name: string
  role: StaffRole
  /** Last day, YYYY-MM-DD; null: as long as the company says so. */
  endsOn: string | null
  /** When the company ended it; null: it did not. */
  endedAt: Date | null
  /** Whether they can sign in at all: an authenticator app or a passkey; until then the invitation waits for them. */
  equipped: boolean
}

/** Whether somebody still works for the company today; the company's own standing is `mayWork` (J5, J9). */
export function isInOffice(staff: Pick<Staff, 'endsOn' | 'endedAt'>, today: string): boolean {
  return staff.endedAt === null && (staff.endsOn === null || today <= staff.endsOn)
}

/** Whether the consortium stopped it, for a while or for good. */
export function isStopped(status: MemberStatus): boolean {
  return status === 'suspended' || status === 'excluded'
}

/** Whether the staff of a company may use the portal: stopping the company stops them at once (S-51, J9). */
export function mayWork(status: MemberStatus): boolean {
  return ['applied', 'approved', 'active'].includes(status)
}
