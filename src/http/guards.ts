import type { ApiScope, OperatorRole, ServiceScope, StaffRole } from '../persons.ts'
import type { Ctx, Middleware } from './state.ts'

/** A guard that says whom it lets in: test/contracts/roles.test.ts makes the matrix role × route of it (J1). */
export type RoleGuard<Role extends string> = Middleware & {
  readonly area: 'operator' | 'staff'
  /** The roles it lets in; every role of the area where the list is whole. */
  readonly allows: readonly Role[]
}

/** Who may enter a route. Made by `oidc/guards.ts`, handed to each room's `routes`. */
export type Guards = {
  /** A signed-in resident; others are led to /login and back. Fills `ctx.state.resident`. */
  resident: Middleware
  /** Fills `ctx.state.resident` where somebody is signed in; lets everybody pass. */
  anyone: Middleware
  /**
   * A signed-in operator whose rights have not ended, with one of these roles; any role where none is named. Others are
   * led to /admin/login (GET) or refused. Fills `ctx.state.operator`.
   */
  operator: (...roles: OperatorRole[]) => RoleGuard<OperatorRole>
  /** Signed-in staff of a company that is not stopped. Fills `ctx.state.staff`. Their own company only: see `memberId`. */
  staff: (...roles: StaffRole[]) => RoleGuard<StaffRole>
  /** After `operator` or `staff`: a second factor not older than five minutes, else the step-up page first (J6). */
  confirmed: Middleware
  /** A program of a company with a token of this scope (RFC 6750, RFC 9449). Fills `ctx.state.company`. */
  company: (scope: ApiScope) => Middleware
  /** A service that stands, with its own token of this scope. Fills `ctx.state.service`. */
  service: (scope: ServiceScope) => Middleware
  /** Signs this browser in: the same session for /account and for every service. A session of somebody else ends first. */
  openSession: (ctx: Ctx, account: { residentId: string; userId: string }) => Promise<void>
  /** Signs this browser out, here and towards every service. */
  closeSession: (ctx: Ctx) => Promise<void>
}
