/** What a disclosure hands over: the records of provision (APPI 29, 33(5)) and the registered data, as files. */
import { Readable } from 'node:stream'
import type { Env } from '../env.ts'
import { answerCsv, line } from '../http/csv.ts'
import type { Ctx } from '../http/state.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as records from '../records/actions.ts'
import type { Entry } from '../records/model.ts'
import type { Resident } from '../residents/model.ts'
import { claimsOf } from '../residents/model.ts'
import * as retention from '../retention/actions.ts'
import { scopeOf } from './filing.ts'
import { ITEMS } from './fields.ts'
import type { CaseNow } from './model.ts'
import { registeredFacts } from './own_pages.ts'
import * as queries from './queries.ts'

/** Rows read at a time. */
const BATCH = 500

/** Every row a case covers, the oldest first. */
async function* rowsOf(env: Env, of: CaseNow): AsyncIterable<Entry> {
  let after: { at: Date; id: string } | undefined
  for (;;) {
    const found = await pageOf(env, of, { after, limit: BATCH })
    yield* found.rows
    if (!found.last) return
    after = found.last
  }
}

/** Some of them. `last`: there may be more behind this one. */
export async function pageOf(
  env: Env,
  of: CaseNow,
  { after, limit }: { after: { at: Date; id: string } | undefined; limit: number },
): Promise<{ rows: Entry[]; last: { at: Date; id: string } | undefined }> {
  const { residentId, serviceId, from, to } = scopeOf(of)
  const read = await records.recordsOfResident(env, residentId, {
    ...(from && { from }),
    ...(after && { after }),
    ...{ to, limit },
  })
  const last = read.length === limit ? read.at(-1) : undefined
  return {
    rows: serviceId ? read.filter((row) => row.serviceId === serviceId) : read,
    last: last && { at: last.at, id: last.id },
  }
}

/** Until when records that the case covers went at the end of their term; undefined: none did. */
export function removedOf(
  env: Env,
  of: CaseNow,
  { createdAt }: Pick<Resident, 'createdAt'>,
): Promise<Date | undefined> {
  const { from, to } = scopeOf(of)
  return retention.removedIn(env, { from: from && from > createdAt ? from : createdAt, to })
}

export const removedShown = (until: Date, language: Language): string =>
  messages[language].rights.records.removed(words(language).dateTime(until))

export const proofHref = (env: Env, { id }: Entry): string =>
  `${env.config.issuer}/account/proofs/${id}`

/** Both languages of what has two, so that nothing is lost whoever reads it. */
function recordOf(env: Env, row: Entry): object {
  const { id, at, path, receiver, giver, sub, userId, service, serviceId } = row
  return {
    ...{ id, at: at.toISOString(), path },
    ...{ giver, receiver, service: { id: serviceId, names: service } },
    ...{ user_id: userId, user_id_given: sub, contract: row.contract },
    ...{ items: row.items, purposes: row.purposes },
    consent: { ...row.consent, agreedAt: row.consent.agreedAt.toISOString() },
    proof: proofHref(env, row),
  }
}

type Column = keyof (typeof messages)['ja']['rights']['records']['columns']

function cellsOf(env: Env, row: Entry, language: Language): Record<Column, string | number> {
  const { giver, receiver, consent } = row
  const list = (all: readonly string[]) => all.join(' / ')
  return {
    record: row.id,
    at: row.at.toISOString(),
    giver: giver.names[language],
    giverAddress: giver.address[language],
    giverRepresentative: giver.representative[language],
    receiver: receiver.names[language],
    receiverNumber: receiver.corporateNumber,
    receiverAddress: receiver.address[language],
    receiverRepresentative: receiver.representative[language],
    service: row.service[language],
    userId: row.userId,
    sub: row.sub,
    itemIds: list(row.items.map(({ id }) => id)),
    items: list(row.items.map(({ names }) => names[language])),
    purposes: list(row.purposes.map(({ names }) => names[language])),
    path: messages[language].records.paths[row.path],
    contract: row.contract,
    consent: consent.id,
    consentVersion: consent.version,
    consentAt: consent.agreedAt.toISOString(),
    consentText: `${consent.template} ${consent.templateVersion}`,
    proof: proofHref(env, row),
  }
}

/** In the order and the words of the reader's language: no column can stand under another one's heading. */
async function* csvOf(env: Env, { of, removed }: Read, language: Language): AsyncIterable<string> {
  const { columns } = messages[language].rights.records
  const order = Object.keys(columns) as Column[]
  yield line(order.map((key) => columns[key]))
  for await (const row of rowsOf(env, of)) {
    const cells = cellsOf(env, row, language)
    yield line(order.map((key) => cells[key]))
  }
  // Behind the records, so that they stand where they always do.
  if (removed) yield line(order.map((_, n) => (n ? '' : removedShown(removed, language))))
}

async function* jsonOf(env: Env, { of, removed }: Read): AsyncIterable<string> {
  const { from, to } = scopeOf(of)
  const head = {
    number: of.number,
    law: of.rule.article,
    from: from?.toISOString() ?? null,
    to: to.toISOString(),
    ...(removed && {
      removed_before: removed.toISOString(),
      removed: { ja: removedShown(removed, 'ja'), en: removedShown(removed, 'en') },
    }),
  }
  yield `${JSON.stringify(head).slice(0, -1)},"records":[`
  let first = true
  for await (const row of rowsOf(env, of)) {
    yield `${first ? '' : ','}\n${JSON.stringify(recordOf(env, row))}`
    first = false
  }
  yield '\n]}\n'
}

function answerJson(ctx: Ctx, name: string, parts: AsyncIterable<string> | Iterable<string>): void {
  ctx.status = 200
  ctx.type = 'application/json; charset=utf-8'
  ctx.set('Content-Disposition', `attachment; filename="${name}"`)
  ctx.body = Readable.from(parts)
}

type Read = { of: CaseNow; removed: Date | undefined }

/** The file of a disclosure of records, which says itself what is no longer in it. */
export async function answerRecords(
  ctx: Ctx,
  { of, resident }: { of: CaseNow; resident: Resident },
  type: 'csv' | 'json',
): Promise<void> {
  const { env, language } = ctx.state
  const read = { of, removed: await removedOf(env, of, resident) }
  const name = `machi-id-records-${of.number}.${type}`
  if (type === 'csv') answerCsv(ctx, name, csvOf(env, read, language))
  else answerJson(ctx, name, jsonOf(env, read))
}

/** When each registered item last changed, by the field's label. */
export async function sinceOf(env: Env, resident: Resident): Promise<(item: string) => Date> {
  const changes = await queries.changedSince(env.db, resident.id)
  return (item) => changes.get(item === 'email' ? 'email_address' : item) ?? resident.createdAt
}

/** The file of a disclosure of registered data. */
export async function answerRegistered(
  ctx: Ctx,
  { of, resident }: { of: CaseNow; resident: Resident },
  type: 'csv' | 'json',
): Promise<void> {
  const { env, language } = ctx.state
  const since = await sinceOf(env, resident)
  const name = `machi-id-registered-${of.number}.${type}`
  const t = messages[language].rights.registered
  if (type === 'csv') {
    const labels = ['name', 'name', 'birth_year', 'sex', 'email', 'address']
    const rows = registeredFacts(resident, language).map(([label, value], n) =>
      line([label, value, since(labels[n] ?? '').toISOString(), t.bySelf]),
    )
    const head = [
      line([t.label, t.value, t.since, t.source]),
      line([t.userId, resident.userId, resident.createdAt.toISOString(), '']),
    ]
    answerCsv(ctx, name, asyncOf([...head, ...rows]))
  } else {
    const items = ITEMS.map((item) => ({
      item,
      since: since(item).toISOString(),
      claims: claimsOf(item, resident.profile, resident.emailVerifiedAt !== null),
    }))
    const body = {
      number: of.number,
      law: of.rule.article,
      user_id: resident.userId,
      registered_at: resident.createdAt.toISOString(),
      email_verified_at: resident.emailVerifiedAt?.toISOString() ?? null,
      source: 'self',
      items,
    }
    answerJson(ctx, name, [`${JSON.stringify(body, null, 2)}\n`])
  }
}

async function* asyncOf(lines: readonly string[]): AsyncIterable<string> {
  yield* lines
}
