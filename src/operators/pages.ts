/** What views/operators/*.eta show. */
import type { ListView } from '../http/listing.ts'
import type { Decide, ShownTurn } from '../http/parts.ts'
import type { OperatorRole } from '../persons.ts'
import type { Fields } from '../refusal.ts'

export type ListedOperator = {
  href: string
  name: string
  email: string
  roles: OperatorRole[]
  lastDay: string
  state: 'in_office' | 'soon' | 'invited' | 'ended'
}

/** views/operators/list.eta */
export type OperatorsPage = {
  list: ListView
  rows: ListedOperator[]
  proposals: { href: string; name: string; change: string; at: string }[]
  newHref: string | undefined
  /** Who looked at personal data, for those who may read it. */
  viewsHref: string | undefined
}

/** What a form of rights holds, also after a failed attempt. */
export type RightsForm = {
  name: string
  email: string
  number: string
  roles: readonly string[]
  role: string
  ends: string
  reason: string
}

/** views/operators/new.eta */
export type NewOperatorPage = { form: RightsForm; fields: Fields }

/** views/operators/one.eta */
export type OperatorPage = {
  id: string
  name: string
  email: string
  lasting: OperatorRole[]
  boxed: { id: string; role: OperatorRole; lastDay: string; reason: string; over: boolean }[]
  lastDay: string
  state: ListedOperator['state']
  history: { change: string; at: string; who: string; reason: string | undefined }[]
  open: { href: string; change: string }[]
  /** Undefined where the reader may not change anything. */
  may: { fresh: boolean; confirmHref: string } | undefined
  form: RightsForm
  /** Which form the faults belong to. */
  faulty: 'rights' | 'boxed' | 'renew' | 'end' | undefined
  fields: Fields
  done: 'ended' | 'box' | undefined
}

/** views/operators/proposal.eta */
export type ProposalPage = {
  name: string
  change: 'appoint' | 'rights' | 'boxed' | 'renew'
  /** Label key of t.operators.facts → now and after. */
  facts: { what: string; was: string; will: string }[]
  reason: string | undefined
  /** Who looks like the one to be appointed: a sentence each. */
  same: string[]
  decide: Decide
  turns: ShownTurn[]
}

/** views/operators/residents.eta */
export type ResidentsPage = {
  email: string
  reason: string
  fields: Fields
  /** Whether nobody has this address. */
  none: boolean
  found: ResidentSeen | undefined
}

/** views/operators/views.eta: who looked at whom, and why. */
export type ViewsPage = {
  list: ListView
  rows: { at: string; who: string; object: string; reason: string }[]
}

/** What a privacy officer sees of a resident: no values but the masked address. */
export type ResidentSeen = {
  email: string
  registered: string
  verified: string | undefined
  /** Whether the consent to provision stands (S-56). */
  provision: boolean
  services: {
    name: string
    member: string
    since: string
    provided: number
    last: string | undefined
  }[]
  agreements: number
  provisions: number
}
