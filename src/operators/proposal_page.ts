/** What a proposal about an operator shows, and what the reader may do with it. */
import type { Env } from '../env.ts'
import type { Choice, Decide } from '../http/parts.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { OperatorHere } from '../persons.ts'
import { isSamePerson } from '../people/model.ts'
import type { Fields } from '../refusal.ts'
import type { Proposal, Turn } from '../reviews/model.ts'
import { startOfDay } from '../input/days.ts'
import { choiceAt, told } from './deciding.ts'
import { marks } from './office.ts'
import type { OperatorChange, OperatorKept } from './model.ts'
import type { ProposalPage } from './pages.ts'
import { changeOf } from './rights.ts'
import * as store from './store.ts'

export async function proposalPage(
  env: Env,
  proposal: Proposal,
  reader: OperatorHere,
  { language, note, fields }: { language: Language; note: string; fields: Fields },
): Promise<ProposalPage> {
  const change = changeOf(proposal)
  const subject = await store.byId(env.db, proposal.subjectId ?? '')
  const { turns, shown, last } = await told(env, proposal, language)
  const decide: Decide = {
    hash: proposal.hash,
    ...offered(env, { proposal, turns, subject, reader }),
    first: last('proposed'),
    second: last('approved'),
    note,
    fields,
  }
  return {
    name: change.change === 'appoint' ? change.name : (subject?.name ?? '—'),
    change: change.change,
    facts: facts(change, subject, language),
    reason: 'reason' in change ? change.reason : undefined,
    same: await sameAs(env, proposal, language),
    decide,
    turns: shown,
  }
}

/**
 * The operators, in office or not, that look like the one to be appointed (J4): two people may share a name, so that it
 * is told to who decides, and not refused.
 */
async function sameAs(env: Env, proposal: Proposal, language: Language): Promise<string[]> {
  const change = changeOf(proposal)
  if (proposal.state !== 'proposed' || change.change !== 'appoint') return []
  const theirs = marks(env, change)
  const t = messages[language].operators.proposal
  return (await store.list(env.db))
    .filter((known) => isSamePerson(marks(env, known), theirs))
    .map(({ name, email }) => t.same(name, email))
}

type Asked = {
  proposal: Proposal
  turns: readonly Turn[]
  subject: OperatorKept | undefined
  reader: OperatorHere
}

function offered(
  env: Env,
  { proposal, turns, subject, reader }: Asked,
): Pick<Decide, 'choices' | 'why'> {
  const choice = (key: Choice['key']) => choiceAt(`/admin/operators/proposals/${proposal.id}`, key)
  if (proposal.state !== 'proposed') return { choices: [], why: 'over' }
  if (!reader.roles.includes('administrator')) return { choices: [], why: 'role' }
  const mine = turns.some(({ byId }) => byId === reader.id)
  const aboutMe = subject !== undefined && isSamePerson(marks(env, subject), reader.marks)
  if (mine) return { choices: [choice('withdraw')], why: 'involved' }
  if (aboutMe) return { choices: [], why: 'involved' }
  return { choices: [choice('approve'), choice('refuse')] }
}

function facts(
  change: OperatorChange,
  subject: OperatorKept | undefined,
  language: Language,
): ProposalPage['facts'] {
  const t = messages[language]
  const { date, list } = words(language)
  const f = t.operators.facts
  const roles = (all: readonly string[]) =>
    all.length ? list(all.map((role) => t.desk.roles[role as keyof typeof t.desk.roles])) : '—'
  const day = (text: string | undefined) => (text ? date(startOfDay(text)) : '—')
  if (change.change === 'renew') return [{ what: f.factors, was: f.old, will: f.anew }]
  if (change.change === 'boxed')
    return [
      { what: f.boxed, was: '—', will: roles([change.role]) },
      { what: f.until, was: '—', will: day(change.endsOn) },
    ]
  const person =
    change.change === 'appoint'
      ? [
          { what: f.email, was: '—', will: change.email },
          { what: f.number, was: '—', will: change.numberMark ? f.given : f.notGiven },
        ]
      : []
  return [
    ...person,
    { what: f.roles, was: roles(subject?.lasting ?? []), will: roles(change.roles) },
    { what: f.lastDay, was: day(subject?.endsOn), will: day(change.endsOn) },
  ]
}
