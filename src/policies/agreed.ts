/** 同意した文面 – every version a resident ever agreed to, in the language it was agreed in (R6; field row 14). */
import type { Env } from '../env.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import { Refusal } from '../refusal.ts'
import * as queries from './queries.ts'
import { describe, type TextVersion } from './texts.ts'

/** One answer: when, to what, and where the screen and the receipt of it are. */
export type Answer = {
  at: string
  text: string
  showingHref: string | undefined
  receiptHref: string | undefined
}

/** `href`: the version on the resident's own pages. */
export type AgreedText = { text: TextVersion; href: string; answers: Answer[] }

/** More answers than this are on the pages of the receipts. */
const MOST = 1000

/** One entry per version and language, the one answered last first. */
export async function agreedTexts(
  env: Env,
  residentId: string,
  reader: Language,
): Promise<AgreedText[]> {
  const found = new Map<string, AgreedText>()
  for (const row of await queries.agreed(env.db, residentId, MOST)) {
    const href = `/account/texts/${row.template}/${row.version}/${row.language}`
    const known = found.get(href)
    const answer = answerOf(row, reader)
    if (known) known.answers.push(answer)
    else {
      const template = env.templates.version(row.template, row.version)
      const text = describe(env, template, row.language, reader)
      found.set(href, { text, href, answers: [answer] })
    }
  }
  return [...found.values()]
}

/** @throws Refusal not_found for a version this resident never agreed to in that language */
export async function agreedText(
  env: Env,
  residentId: string,
  asked: { template: string; version: string; language: string },
  reader: Language,
): Promise<AgreedText> {
  const href = `/account/texts/${asked.template}/${asked.version}/${asked.language}`
  const found = (await agreedTexts(env, residentId, reader)).find((one) => one.href === href)
  if (!found) throw new Refusal('not_found')
  return found
}

function answerOf(row: queries.AgreedRow, reader: Language): Answer {
  const { answers } = messages[reader].texts
  const { serviceId, serviceNames, showingId, receiptId } = row
  return {
    at: words(reader).dateTime(row.at),
    text:
      row.what === 'service'
        ? answers.service(serviceNames?.[reader] ?? '')
        : answers[row.what][row.given ? 'given' : 'not_given'],
    showingHref:
      serviceId && showingId ? `/account/services/${serviceId}/showings/${showingId}` : undefined,
    receiptHref: receiptId ? `/account/receipts/${receiptId}` : undefined,
  }
}
