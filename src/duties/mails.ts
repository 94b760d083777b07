/** Mails about duties: that a document came, and once for each step that its time ends or has ended (S-48, S-52). */
import { atomically, type Env } from '../env.ts'
import { dayOf } from '../input/days.ts'
import { messages } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as notices from '../notices/actions.ts'
import { titleOf } from './documents.ts'
import type { Case, Side } from './model.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

type Telling = {
  of: Case
  name: string
  document: { id: string; number: string }
  to: Side
}

/**
 * Tells the other side that a document is there for it. A company's managers hear of everything; of the consortium the
 * privacy officers hear of leaks, since every other matter waits on the desk.
 */
export async function tell(env: Env, { of, name, document, to }: Telling): Promise<void> {
  const today = dayOf(env.now())
  const values = {
    title: titleOf('ja', of.kind, name),
    number: document.number,
    due: of.dueAt ? words('ja').lastDay(of.dueAt) : messages.ja.duties.noDue,
  }
  if (to === 'member') {
    // A leak of the consortium itself is no letter to a company; whom to tell is decided case by case.
    if (!of.memberId || (of.kind === 'leak' && of.receiver === 'consortium')) return
    const link = `${env.config.companyOrigin}/company/duties/${of.id}`
    for (const reader of await queries.managers(env.db, of.memberId, today)) {
      const about = await note(env, of, document.id, { staffId: reader.id })
      await send(env, reader.email, { ...values, link }, about)
    }
  } else if (of.kind === 'leak') {
    const link = `${env.config.adminOrigin}/admin/duties/${of.id}`
    for (const reader of await queries.privacyOfficers(env.db, today)) {
      const about = await note(env, of, document.id, { operatorId: reader.id })
      await send(env, reader.email, { ...values, link }, about)
    }
  }
}

type Values = { title: string; number: string; due: string; link: string }

const send = (env: Env, to: string, values: Values, about: string) =>
  notices.send(env, { to, language: 'ja', letter: 'duty_document', values, about })

async function note(
  env: Env,
  of: Pick<Case, 'id'>,
  documentId: string | null,
  to: { staffId: string } | { operatorId: string },
): Promise<string> {
  const id = env.newId()
  await store.insertMail(env.db, { id, caseId: of.id, documentId, to, at: env.now() })
  return id
}

const SOON = 3 * 86_400_000

/** Reminds companies of what is due within three days or late: once each for every step (S-48). */
export async function remind(env: Env): Promise<void> {
  const now = env.now()
  const waiting = await queries.toRemind(env.db, { now, soon: new Date(now.getTime() + SOON) })
  for (const one of waiting) await atomically(env, (env) => remindOf(env, one))
}

async function remindOf(
  env: Env,
  one: queries.ListedCase & { position: number; kindOf: 'soon' | 'late' },
): Promise<void> {
  const { id: caseId, position, kindOf: kind } = one
  if (!one.memberId || !one.dueAt) return
  if (!(await store.insertReminder(env.db, { caseId, position, kind, at: env.now() }))) return
  const values = {
    title: messages.ja.duties.kinds[one.kind],
    number: one.number ?? '',
    due: words('ja').lastDay(one.dueAt),
    link: `${env.config.companyOrigin}/company/duties/${one.id}`,
  }
  const letter = kind === 'late' ? 'duty_late' : 'duty_soon'
  for (const reader of await queries.managers(env.db, one.memberId, dayOf(env.now()))) {
    const about = await note(env, one, null, { staffId: reader.id })
    await notices.send(env, { to: reader.email, language: 'ja', letter, values, about })
  }
}
