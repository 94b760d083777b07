export { endFactors } from './factors.ts'
export { endInvitations, invite, issue } from './invitations.ts'
export { endSessions, openSession, recognise } from './sessions.ts'
