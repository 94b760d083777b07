/** What a report pointed at, in words; ids and the hash stand below, as they are. */
import { catalogue } from '../catalogue/actions.ts'
import { itemNames } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import type { Facts } from '../http/parts.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { CaseNow, Step } from './model.ts'
import { serviceName } from './own_pages.ts'
import type { EvidenceShown } from './pages.ts'
import * as queries from './queries.ts'
import { itemName } from './shown.ts'

/** In the order they are shown. */
const CODES = ['entry', 'consent', 'showing', 'service', 'leaf_hash'] as const

type Told = { [key: string]: unknown }

/** The entry of the history that was reported; undefined where the request is no report. */
export async function evidenceShown(
  env: Env,
  of: Pick<CaseNow, 'id' | 'kind' | 'residentId' | 'receivedAt'>,
  { steps, language }: { steps: readonly Step[]; language: Language },
): Promise<EvidenceShown | undefined> {
  const evidence = steps.find(({ step }) => step === 'received')?.body['evidence']
  if (typeof evidence !== 'object' || evidence === null || Array.isArray(evidence)) return undefined
  const t = messages[language].rights.desk.evidenceCodes
  return {
    facts: await factsOf(env, { of, told: evidence }, language),
    codes: CODES.flatMap((code): Facts => {
      const value = text(evidence, code)
      return value ? [[t[code], value]] : []
    }),
  }
}

const text = (told: Told, name: string): string | undefined => {
  const value = told[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The word for a code, or the code itself where it is of an older day. */
const wordOf = (all: Readonly<Record<string, string>>, code: string | undefined) =>
  code === undefined ? undefined : (all[code] ?? code)

type Reported = { of: Parameters<typeof evidenceShown>[1]; told: Told }

async function factsOf(env: Env, { of, told }: Reported, language: Language): Promise<Facts> {
  const { history: h, records, rights } = messages[language]
  const w = words(language)
  const { items } = await catalogue(env)
  const service = text(told, 'service')
  const kind = (await queries.reportedParty(env.db, of.id))?.subjectType
  const name = (id: string) =>
    items.some((item) => item.id === id)
      ? itemNames(items, id, kind ?? undefined)[language]
      : itemName(id, language)
  const ids = Array.isArray(told['items']) ? told['items'].map(String) : []
  const at = text(told, 'at')
  const withheld = Object.entries((told['withheld'] ?? {}) as Record<string, string>)
  const rest = withheld.map(([id, why]) => h.restOf(name(id), wordOf(h.whyNot, why) ?? ''))
  const known = {
    ...of,
    serviceId: service ?? null,
    receivedAt: at ? new Date(at) : of.receivedAt,
  }
  const facts: [string, string | undefined][] = [
    [h.report.at, at && w.instant(new Date(at))],
    [h.report.kind, wordOf(h.kinds, text(told, 'kind'))],
    [h.report.service, await serviceName(env, known, language)],
    [rights.facts.items, w.list(ids.map(name)) || undefined],
    [h.rest, w.list(rest) || undefined],
    [rights.desk.evidenceWhy, wordOf(h.denials, text(told, 'why'))],
    [h.report.path, wordOf(records.paths, text(told, 'path'))],
  ]
  return facts.flatMap(([label, value]) => (value ? [[label, value] as [string, string]] : []))
}
