/** What the pages on companies show: the application, the console, a company's own. Pure, from rows to words. */
import type { ListView } from '../http/listing.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import type { Turn } from '../reviews/model.ts'
import {
  CONTACT_FIELDS,
  PROFILE_FIELDS,
  QUESTIONS,
  typedProfile,
  type Application,
} from './application.ts'
import type { MemberBody, MemberStatus, Staff } from './model.ts'

export type Values = Readonly<Record<string, string | undefined>>

/** views/members/apply.eta; with `correcting` it is the answer to a 補正. */
export type ApplyPage = {
  values: Values
  fields: Fields
  correcting: { hash: string; note: string; number: string } | undefined
}

/** views/members/apply_sent.eta */
export type SentPage = { number: string }

type ApplicationState =
  'draft' | 'submitted' | 'returned' | 'proposed' | 'approved' | 'refused' | 'withdrawn'

/** views/members/apply_state.eta */
export type StatePage = {
  number: string
  company: string
  sentAt: string
  state: ApplicationState
  note: string | undefined
  hash: string
}

/** Facts below a heading. */
export type Section = {
  heading: string
  facts: [label: string, value: string][]
  /** Long questions: in rows of a table, not beside each other. */
  asked?: true
}

/** What a company says of itself, in the words of its fields. */
export function profileSections(body: MemberBody, language: Language): Section[] {
  const { companies: t } = messages[language]
  const values: Values = typedProfile(body)
  const facts = (fields: readonly string[]): Section['facts'] =>
    fields.map((field) => [labelOf(field, language), values[field] || t.none])
  const profile = Object.keys(PROFILE_FIELDS).filter((f) => !/^(privacy|technical)_/.test(f))
  const officer = (who: 'privacy' | 'technical'): [string, string] => {
    const { name, title, email } = body.officers?.[who] ?? {}
    return [t.groups[who], [name, title, email].filter(Boolean).join(' / ') || t.none]
  }
  return [
    { heading: t.member.profile, facts: facts(profile) },
    { heading: t.member.contact, facts: facts(Object.keys(CONTACT_FIELDS)) },
    { heading: t.member.officers, facts: [officer('privacy'), officer('technical')] },
  ]
}

/** An application as the operators read it. */
export function applicationSections(application: Application, language: Language): Section[] {
  const { companies: t } = messages[language]
  const { corporateNumber, profile, security, manager } = application
  const [company, ...others] = profileSections(profile, language)
  const answers = QUESTIONS.map((question): [string, string] => {
    const { answer, note } = security[question]
    return [t.questions[question], note ? `${t[answer]} – ${note}` : t[answer]]
  })
  return [
    {
      heading: t.groups.company,
      facts: [[t.fields.corporate_number, corporateNumber], ...(company?.facts ?? [])],
    },
    ...others,
    { heading: t.groups.security, facts: answers, asked: true },
    {
      heading: t.groups.manager,
      facts: [
        [t.fields.manager_name, manager.name],
        [t.fields.manager_email, manager.email],
      ],
    },
  ]
}

function labelOf(field: string, language: Language): string {
  return (messages[language].companies.fields as Record<string, string>)[field] ?? field
}

export type Difference = { label: string; before: string; after: string }

/** What is different between two versions of a company. */
export function differences(
  before: MemberBody,
  after: MemberBody,
  language: Language,
): Difference[] {
  const none = messages[language].companies.none
  const [old, now]: [Values, Values] = [typedProfile(before), typedProfile(after)]
  return Object.keys(now)
    .filter((field) => old[field] !== now[field])
    .map((field) => ({
      label: labelOf(field, language),
      before: old[field] || none,
      after: now[field] || none,
    }))
}

/** views/members/companies.eta */
export type CompaniesPage = {
  list: ListView
  rows: {
    href: string
    name: string
    corporateNumber: string
    application: boolean
    status: MemberStatus | 'closed'
    state: ApplicationState | undefined
    at: string
    staff: number
    services: number
  }[]
}

/** One line of what happened to a proposal. */
export type TurnLine = {
  what: string
  who: string
  at: string
  note: string | undefined
  mark: string
}

export function turnLines(
  turns: readonly Turn[],
  names: ReadonlyMap<string, string>,
  language: Language,
): TurnLine[] {
  const { review } = messages[language].companies
  const { dateTime } = words(language)
  return turns.map((turn) => ({
    what: review.turn[turn.turn],
    who: [review.by[turn.byKind], names.get(turn.byId)].filter(Boolean).join(' '),
    at: dateTime(turn.at),
    note: turn.note ?? undefined,
    mark: turn.hash.slice(0, 8),
  }))
}

/** views/members/review.eta: an application or a change, and what may be decided on it. */
export type ReviewPage = {
  id: string
  kind: 'application' | 'correction' | 'renamed' | 'left'
  company: string
  memberHref: string | undefined
  number: string
  state: ApplicationState
  sections: Section[]
  differences: Difference[]
  /** Why the company asks for it. */
  reason: string | undefined
  warnings: string[]
  turns: TurnLine[]
  hash: string
  may: { propose: boolean; giveBack: boolean; refuse: boolean; approve: boolean }
  /** Had a hand in it, so may not approve. */
  own: boolean
  /** Where the second factor is to be shown again first; undefined while it is fresh. */
  confirmHref: string | undefined
  /** What was typed, after a step that was refused for it. */
  note: string
  fields: Fields
  failed: 'return' | 'refuse' | undefined
}

/** views/members/member.eta */
export type MemberPage = {
  id: string
  name: string
  corporateNumber: string
  status: MemberStatus
  version: number
  sections: Section[]
  versions: { version: number; at: string; differences: Difference[] }[]
  history: { on: string; what: string; reason: string | undefined }[]
  people: StaffLine[]
  contracts: { href: string; number: string }[]
  services: { href: string; name: string; status: string }[]
  proposals: { href: string; what: string; state: ApplicationState; at: string }[]
  registrar: boolean
  invited: boolean
}

export type StaffLine = {
  id: string
  name: string
  email: string
  role: Staff['role']
  endsOn: string | undefined
  state: 'active' | 'invited' | 'over' | 'ended'
  endedOn: string | undefined
  you: boolean
}

export function staffLine(
  staff: Staff,
  { today, language, self }: { today: string; language: Language; self?: string },
): StaffLine {
  const over = staff.endsOn !== null && staff.endsOn < today
  return {
    id: staff.id,
    name: staff.name,
    email: staff.email,
    role: staff.role,
    endsOn: staff.endsOn ?? undefined,
    state: staff.endedAt ? 'ended' : over ? 'over' : staff.equipped ? 'active' : 'invited',
    endedOn: staff.endedAt ? words(language).date(staff.endedAt) : undefined,
    you: staff.id === self,
  }
}

/** views/members/staff.eta */
export type StaffPage = {
  people: StaffLine[]
  values: Values
  fields: Fields
  done: 'done' | 'sent' | undefined
  confirmHref: string | undefined
}

/** views/members/staff_one.eta */
export type StaffOnePage = {
  one: StaffLine
  values: Values
  fields: Fields
  confirmHref: string | undefined
}

/** views/members/profile.eta */
export type ProfilePage = {
  name: string
  corporateNumber: string
  status: MemberStatus
  version: number
  since: string
  sections: Section[]
  versions: MemberPage['versions']
  open:
    | {
        what: string
        state: ApplicationState
        note: string | undefined
        /** Of a change the company began: it may be taken back. */
        hash: string | undefined
        href: string
      }
    | undefined
  manager: boolean
  done: boolean
}

/** views/members/change.eta, contact.eta and leave.eta: `desk` is the console. */
export type ChangePage = {
  company: string
  action: string
  back: string
  desk: boolean
  values: Values
  fields: Fields
  hash: string | undefined
  note: string | undefined
  confirmHref: string | undefined
}
