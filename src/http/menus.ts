/** The menus of console and portal: who signed in sees the pages they may enter, and no others (J1). */
import { OPERATOR_ROLES, STAFF_ROLES, type OperatorRole, type StaffRole } from '../persons.ts'

type Entry<Role> = {
  href: string
  /** Message key below `t.desk.menu`. */
  key: string
  /** Addresses elsewhere that belong to the same matter: the entry is current there too. */
  also?: readonly string[]
  /** Roles that the page's guard lets in; test/contracts/roles.test.ts holds the two together. */
  roles: readonly Role[]
}

export const OPERATOR_MENU = [
  { href: '/admin', key: 'desk', roles: OPERATOR_ROLES },
  { href: '/admin/proposals', key: 'proposals', roles: OPERATOR_ROLES },
  {
    href: '/admin/members',
    key: 'members',
    also: ['/admin/applications', '/admin/hand-overs'],
    roles: OPERATOR_ROLES,
  },
  { href: '/admin/contracts', key: 'contracts', roles: OPERATOR_ROLES },
  {
    href: '/admin/services',
    key: 'services',
    also: ['/admin/reviews', '/admin/catalogue'],
    roles: OPERATOR_ROLES,
  },
  { href: '/admin/duties', key: 'duties', also: ['/admin/incidents'], roles: OPERATOR_ROLES },
  { href: '/admin/records', key: 'records', roles: ['privacy_officer', 'auditor'] },
  { href: '/admin/requests', key: 'requests', roles: ['privacy_officer', 'auditor'] },
  { href: '/admin/residents', key: 'residents', roles: ['privacy_officer'] },
  { href: '/admin/events', key: 'events', roles: OPERATOR_ROLES },
  {
    href: '/admin/retention',
    key: 'retention',
    roles: ['privacy_officer', 'approver', 'auditor'],
  },
  { href: '/admin/phases', key: 'phases', roles: OPERATOR_ROLES },
  { href: '/admin/operators', key: 'operators', roles: ['administrator', 'approver', 'auditor'] },
  { href: '/admin/audit', key: 'audit', roles: ['auditor', 'administrator', 'privacy_officer'] },
  { href: '/admin/account', key: 'account', roles: OPERATOR_ROLES },
] as const satisfies readonly Entry<OperatorRole>[]

export const STAFF_MENU = [
  { href: '/company', key: 'home', roles: STAFF_ROLES },
  { href: '/company/services', key: 'services', roles: STAFF_ROLES },
  { href: '/company/contracts', key: 'contracts', roles: STAFF_ROLES },
  { href: '/company/duties', key: 'duties', roles: STAFF_ROLES },
  { href: '/company/deletions', key: 'deletions', roles: STAFF_ROLES },
  { href: '/company/records', key: 'records', roles: STAFF_ROLES },
  { href: '/company/events', key: 'events', roles: STAFF_ROLES },
  { href: '/company/staff', key: 'staff', roles: ['manager'] },
  { href: '/company/profile', key: 'profile', roles: STAFF_ROLES },
  { href: '/company/api', key: 'api', roles: STAFF_ROLES },
  { href: '/company/account', key: 'account', roles: STAFF_ROLES },
] as const satisfies readonly Entry<StaffRole>[]

export type MenuLink = { href: string; key: string; also?: readonly string[] }

/** What somebody with these roles may enter, in order; empty where nobody is signed in. */
export function operatorMenu(roles: readonly OperatorRole[]): MenuLink[] {
  return OPERATOR_MENU.filter((entry) => roles.some((role) => allows(entry, role)))
}

export function staffMenu(role: StaffRole): MenuLink[] {
  return STAFF_MENU.filter((entry) => allows(entry, role))
}

const allows = (entry: Entry<string>, role: string) => entry.roles.includes(role)
