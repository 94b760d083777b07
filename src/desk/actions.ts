/** What the desks put together: tasks of every room, sorted by deadline. */
import * as consents from '../consents/actions.ts'
import * as contracts from '../contracts/actions.ts'
import { endingAt, stateOf, turnOf } from '../contracts/model.ts'
import * as duties from '../duties/actions.ts'
import * as events from '../events/actions.ts'
import type { Env } from '../env.ts'
import type { Language } from '../locales/index.ts'
import * as incidents from '../incidents/actions.ts'
import * as members from '../members/actions.ts'
import type { MemberNow } from '../members/model.ts'
import * as operators from '../operators/actions.ts'
import type { Task } from '../operators/model.ts'
import type { OperatorHere, OperatorRole, StaffHere } from '../persons.ts'
import type { Kind, State } from '../reviews/model.ts'
import * as rights from '../rights/actions.ts'
import * as services from '../services/actions.ts'
import { byDeadline, hrefOf, waitsFor, type Waiting } from './model.ts'
import * as queries from './queries.ts'

/** A line of the desk. */
export type DeskTask = Task & {
  /** Of a proposal, which has no deadline: what it is about, how far it is, and since when. */
  proposal?: { kind: Kind; state: State; since: Date }
}

export type Desk = {
  tasks: DeskTask[]
  undelivered: { kind: string; count: number; last: Date }[]
}

type Operator = Pick<OperatorHere, 'roles' | 'marks'>

/**
 * What waits for this operator now, overdue first: the rooms' tasks, and of the proposals only those that they
 * themselves may examine, or approve as the second person (A1, J4).
 */
export async function today(
  env: Env,
  { operator, language }: { operator: Operator; language: Language },
): Promise<Desk> {
  const { marks, roles } = operator
  const open = await queries.waiting(env.db, { language, marks })
  const ownPages = new Set(open.map(hrefOf))
  const rooms = [
    ...(await members.tasks(env)),
    ...(await contracts.tasks(env)),
    ...(await duties.tasks(env)),
    ...(await incidents.tasks(env)),
    ...(await consents.deletionTasks(env)),
    ...(await operators.tasks(env)),
    ...(await services.tasks(env)),
    ...(await rights.tasks(env)),
    ...(await events.tasks(env)),
  ]
  const tasks = [
    ...rooms.filter((task) => !ownPages.has(task.href) && concerns(task, roles)),
    ...open.filter((one) => waitsFor(one, roles)).map(taskOf),
  ]
  return { tasks: tasks.toSorted(byDeadline), undelivered: await queries.undelivered(env.db) }
}

/** Rights about to end concern those who give them; requests of residents, the privacy officers (A8). */
const concerns = ({ kind }: Task, roles: readonly OperatorRole[]) =>
  kind.startsWith('rights_')
    ? roles.includes('privacy_officer')
    : !kind.startsWith('operator_') || roles.includes('administrator')

function taskOf(one: Waiting): DeskTask {
  const name = [one.company, one.title === one.company ? '' : one.title].filter(Boolean).join(' ')
  const { kind, state, changedAt: since } = one
  return { kind: 'proposal', name, href: hrefOf(one), proposal: { kind, state, since } }
}

export type Home = {
  member: MemberNow
  contracts: {
    id: string
    number: string
    state: 'coming' | 'in_force' | 'ended'
    endsAt: Date
    ending: boolean
  }[]
  services: queries.OwnService[]
  onTheirWay: queries.OnItsWay[]
  duties: Task[]
}

/** Where a company stands and what it has to do, for its own staff (J2). */
export async function home(
  env: Env,
  { staff, language }: { staff: Pick<StaffHere, 'memberId'>; language: Language },
): Promise<Home> {
  const at = env.now()
  const { memberId } = staff
  const member = await members.byId(env, memberId)
  if (!member) throw new Error('staff without a company')
  const known = await contracts.ofMember(env, memberId)
  return {
    member,
    contracts: known.map((contract) => {
      const turn = turnOf(contract, at)
      const end = endingAt(contract, at)
      const state = stateOf(turn, at)
      return {
        id: contract.id,
        number: contract.number,
        state,
        endsAt: end ?? turn.endsAt,
        ending: end !== undefined,
      }
    }),
    services: await queries.services(env.db, { memberId, language, at }),
    onTheirWay: await queries.onTheirWay(env.db, { memberId, language }),
    duties: [
      ...(await duties.tasksOf(env, memberId)),
      ...(await consents.deletionTasks(env, memberId)),
      ...(await events.tasksOf(env, memberId)),
      ...(await services.tasksOf(env, { memberId, language })),
    ].toSorted(byDeadline),
  }
}
