/**
 * 加盟企業 – the companies that signed a contract with the consortium.
 * Owns: members, their versions and standing, their staff. Does not own: contracts, services.
 * Rows: S-18, S-20, S-51, S-59.
 */
import type { Both } from '../installation.ts'

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
}
