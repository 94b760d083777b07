/** What views/desk/*.eta show, and how it is made of what the desk knows. */
import type { ListView } from '../http/listing.ts'
import type { Due } from '../http/parts.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Desk, DeskTask, Home } from './actions.ts'
import { daysLate, GROUPS, groupOf, urgency, type Group, type Waiting, hrefOf } from './model.ts'
import type { StaffRole } from '../persons.ts'
import type { State } from '../reviews/model.ts'

type Row = {
  /** Undefined: nothing runs out; then `since` says how long it has waited. */
  due: Due | undefined
  since: string | undefined
  kind: string
  name: string
  href: string
  state: { text: string; chip: string } | undefined
}

/** views/desk/today.eta */
export type TodayPage = {
  at: string
  late: number
  soon: number
  counts: { label: string; all: number; late: number; href: string }[]
  rows: Row[]
  undelivered: { kind: string; count: number; last: string }[]
}

/** views/desk/home.eta */
export type HomePage = {
  company: string
  status: { text: string; chip: string }
  rows: Row[]
  corrections: { name: string; href: string; note: string; at: string }[]
  services: { name: string; href: string; state: { text: string; chip: string } }[]
  contracts: {
    number: string
    href: string
    state: { text: string; chip: string }
    until: string
    due: Due | undefined
  }[]
}

/** views/desk/proposals.eta */
export type ProposalsPage = {
  list: ListView
  rows: {
    href: string
    title: string
    kind: string
    company: string
    state: { text: string; chip: string }
    at: string
    mine: boolean
  }[]
}

const CHIPS: Record<State, string> = {
  draft: 'free',
  submitted: 'must',
  returned: 'warn',
  proposed: 'must',
  approved: 'good',
  refused: 'bad',
  withdrawn: 'still',
}

function stateChip(language: Language, state: State) {
  return { text: messages[language].desk.states[state], chip: CHIPS[state] }
}

/** A deadline with what is left of it (look.md §5). */
function dueOf(language: Language, dueAt: Date, now: Date): Due {
  const { desk, frame } = messages[language]
  const w = words(language)
  const tone = urgency(dueAt, now)
  const badge =
    tone === 'late' ? desk.today.late(daysLate(dueAt, now)) : frame.daysLeft(w.daysLeft(dueAt, now))
  // A deadline at midnight is the end of the day before.
  return { date: w.lastDay(dueAt), badge, tone }
}

function rowOf(task: DeskTask, language: Language, now: Date): Row {
  const { desk } = messages[language]
  const { proposal, dueAt } = task
  const w = words(language)
  return {
    due: dueAt && dueOf(language, dueAt, now),
    since: proposal && desk.today.since(w.date(proposal.since)),
    kind: proposal
      ? desk.kinds[proposal.kind]
      : (desk.tasks[task.kind] ?? desk.tasks['other'] ?? ''),
    name: task.name || (proposal ? desk.kinds[proposal.kind] : desk.today.unnamed),
    href: task.href,
    state: proposal && stateChip(language, proposal.state),
  }
}

const HREFS: Record<Group, string> = {
  reviews: '/admin/proposals',
  duties: '/admin/duties',
  requests: '/admin/requests',
  leaks: '/admin/duties',
  contracts: '/admin/contracts',
  people: '/admin/operators',
  undelivered: '#undelivered',
}

export function todayPage({ tasks, undelivered }: Desk, language: Language, now: Date): TodayPage {
  const { desk } = messages[language]
  const w = words(language)
  const of = (tone: Due['tone']) => tasks.filter(({ dueAt }) => urgency(dueAt, now) === tone)
  const shown = GROUPS.filter(
    (group) =>
      !['people', 'requests'].includes(group) || tasks.some(({ kind }) => groupOf(kind) === group),
  )
  return {
    at: desk.today.at(w.dateWithWeekday(now), w.time(now)),
    late: of('late').length,
    soon: of('soon').length,
    counts: shown.map((group) => {
      const all = tasks.filter(({ kind }) => groupOf(kind) === group)
      const dead = undelivered.reduce((sum, { count }) => sum + count, 0)
      return {
        label: desk.today.groups[group],
        all: group === 'undelivered' ? dead : all.length,
        late: all.filter(({ dueAt }) => urgency(dueAt, now) === 'late').length,
        href: HREFS[group],
      }
    }),
    rows: tasks.map((task) => rowOf(task, language, now)),
    undelivered: undelivered.map(({ kind, count, last }) => ({
      kind: desk.jobs[kind] ?? kind,
      count,
      last: w.dateTime(last),
    })),
  }
}

const SERVICE_CHIPS: Record<string, string> = { live: 'good', suspended: 'warn', ended: 'still' }
const CONTRACT_CHIPS = { coming: 'must', in_force: 'good', ended: 'still' } as const

/** Of an approved service: what is to be done now, and who does it. */
function toOpen(task: Home['duties'][number], language: Language, role: StaffRole) {
  const { home } = messages[language].desk
  if (task.kind === 'service_ready') return { ...task, name: home.ready[role](task.name) }
  if (task.kind === 'service_not_ready') return { ...task, name: home.notReady(task.name) }
  return task
}

export function homePage(
  { member, ...home }: Home,
  { language, now, role }: { language: Language; now: Date; role: StaffRole },
): HomePage {
  const { desk, members } = messages[language]
  const w = words(language)
  const hrefOfOwn = ({ kind, subjectId }: Home['onTheirWay'][number]) =>
    kind === 'service' ? `/company/services/${subjectId ?? ''}` : '/company/profile'
  const known = new Set(home.services.map(({ id }) => id))
  return {
    company: member.names[language],
    status: {
      text: members.status[member.status],
      chip: member.status === 'active' ? 'good' : 'must',
    },
    rows: home.duties.map((task) => rowOf(toOpen(task, language, role), language, now)),
    corrections: home.onTheirWay
      .filter(({ state }) => state === 'returned')
      .map((one) => ({
        name: one.title || desk.kinds[one.kind],
        href: hrefOfOwn(one),
        note: one.note ?? '',
        at: w.dateTime(one.changedAt),
      })),
    services: [
      ...home.onTheirWay
        .filter(({ kind, subjectId }) => kind === 'service' && !known.has(subjectId ?? ''))
        .map((one) => ({
          name: one.title || desk.home.unnamed,
          href: hrefOfOwn(one),
          state: stateChip(language, one.state),
        })),
      ...home.services.map(({ id, name, status }) => ({
        name,
        href: `/company/services/${id}`,
        state: {
          text: desk.serviceStates[status] ?? status,
          chip: SERVICE_CHIPS[status] ?? 'must',
        },
      })),
    ],
    contracts: home.contracts.map(({ id, number, state, endsAt, ending }) => ({
      number,
      href: `/company/contracts/${id}`,
      state: { text: desk.contractStates[state], chip: CONTRACT_CHIPS[state] },
      until: w.lastDay(endsAt),
      due:
        ending && endsAt.getTime() - now.getTime() <= 90 * 86_400_000
          ? dueOf(language, endsAt, now)
          : undefined,
    })),
  }
}

export function proposalRow(
  one: Waiting,
  language: Language,
  mine: boolean,
): ProposalsPage['rows'][number] {
  const { desk } = messages[language]
  return {
    href: hrefOf(one),
    title: one.title || desk.kinds[one.kind],
    kind: desk.kinds[one.kind],
    company: one.company,
    state: stateChip(language, one.state),
    at: words(language).dateTime(one.changedAt),
    mine,
  }
}
