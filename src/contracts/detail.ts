/** One contract with everything that decides about it, for the operators' page. */
import { catalogue } from '../catalogue/actions.ts'
import { itemNames } from '../catalogue/model.ts'
import type { Env } from '../env.ts'
import type { Ctx } from '../http/state.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import * as members from '../members/actions.ts'
import * as operators from '../operators/actions.ts'
import { Refusal, type Fields } from '../refusal.ts'
import type { Proposal } from '../reviews/model.ts'
import * as contracts from './actions.ts'
import { affected, type Affected } from './affected.ts'
import { isOpen } from '../reviews/model.ts'
import { consentTemplates } from '../templates/model.ts'
import { decideBox } from './deciding.ts'
import { endingAt, stateOf, turnOf, WARNING_DAYS, type Contract } from './model.ts'
import { differences, shown, type DetailPage, type Reader } from './pages.ts'
import * as proposing from './proposing.ts'
import { askedOf } from './writing.ts'

export async function readerOf(env: Env, language: Language): Promise<Reader> {
  return {
    language,
    catalogue: await catalogue(env),
    ...consentTexts(env, language),
  }
}

/** The texts a contract may name, by title; the one of the installation where a contract names none. */
function consentTexts(env: Env, language: Language): Pick<Reader, 'usualTemplate' | 'templates'> {
  const { consentTemplate } = env.config.installation
  const texts = consentTemplates(env.templates, env.now())
  const templates = new Map(texts.map(({ template, title }) => [template, title[language]]))
  return { templates, usualTemplate: templates.get(consentTemplate) ?? consentTemplate }
}

/** A contract or, where none is in force yet, its open or last proposal. @throws Refusal not_found */
export async function found(
  env: Env,
  id: string,
): Promise<{
  id: string
  contract: Contract | undefined
  proposal: Proposal | undefined
  memberId: string
}> {
  const contract = await contracts.byId(env, id)
  const proposal = contract ? await proposing.openOf(env, id) : await proposing.lastOf(env, id)
  const memberId = contract?.memberId ?? proposal?.memberId
  if (!memberId) throw new Refusal('not_found')
  return { id, contract, proposal, memberId }
}

type Said = { done: string; fields: Fields; note: string }

export async function detailPage(ctx: Ctx, id: string, said: Said): Promise<DetailPage> {
  const { env, language } = ctx.state
  const at = env.now()
  const w = words(language)
  const { contract, proposal, memberId } = await found(env, id)
  const reader = await readerOf(env, language)
  const now = contract && turnOf(contract, at)
  const member = await members.byId(env, memberId)
  const asked = proposal && isOpen(proposal) ? proposing.askedIn(proposal) : undefined
  const touched = await affected(env, id, asked)
  const end = contract && endingAt(contract, at)
  const near = end && end.getTime() - at.getTime() <= WARNING_DAYS[0] * 86400_000
  return {
    id,
    number: contract?.number ?? (proposal ? proposing.askedIn(proposal).number : ''),
    company: { name: member?.names[language] ?? '', href: `/admin/members/${memberId}` },
    state: now ? stateOf(now, at) : 'draft',
    ending: near ? w.lastDay(end) : '',
    contract: now && shown(askedOf(now), reader),
    version: now?.version ?? 0,
    hash: now?.hash ?? '',
    proposal: proposal && (await proposalOf(ctx, proposal, { contract, reader, touched, said })),
    versions: versionsOf(contract, reader),
    services: touched.services.map((one) => ({
      name: one.names[language],
      status: messages[language].contracts.serviceStatus[one.status] ?? one.status,
      residents: one.residents,
      over: labelsOf(one.over, reader),
      lost: labelsOf(one.lost, reader),
    })),
    mayDraft: (ctx.state.operator?.roles.includes('registrar') ?? false) && !isOpen(proposal),
    ...said,
  }
}

/** Of services under the contract before or after a change: the ID has no kind here. */
const labelsOf = (ids: readonly string[], { catalogue, language }: Reader) =>
  ids.map((id) => itemNames(catalogue.items, id, undefined)[language])

type Around = {
  contract: Contract | undefined
  reader: Reader
  touched: Affected
  said: { note: string; fields: Fields }
}

async function proposalOf(
  ctx: Ctx,
  proposal: Proposal,
  { contract, reader, touched, said }: Around,
): Promise<DetailPage['proposal']> {
  const { env, operator } = ctx.state
  const { language } = reader
  const asked = proposing.askedIn(proposal)
  const was = contract?.versions.at(-1)
  const base = `/admin/contracts/${proposal.subjectId}`
  const told = await operators.told(env, proposal, language)
  return {
    state: proposal.state,
    shown: shown(asked, reader),
    differences: was ? differences(askedOf(was), asked, reader) : [],
    turns: told.shown,
    decide: decideBox(proposal, told, { operator, base }, said),
    affected: isOpen(proposal) && {
      services: touched.services.length,
      residents: touched.residents,
      lost: labelsOf([...new Set(touched.services.flatMap(({ lost }) => lost))], reader),
    },
    mayEdit: isOpen(proposal) && (operator?.roles.includes('registrar') ?? false),
  }
}

function versionsOf(contract: Contract | undefined, reader: Reader): DetailPage['versions'] {
  const w = words(reader.language)
  const c = messages[reader.language].contracts
  const all = contract?.versions ?? []
  return all
    .map((version, n) => {
      const before = all[n - 1]
      return {
        title: c.version(version.version),
        term: c.term(w.date(version.startsAt), w.lastDay(version.endsAt)),
        made: c.detail.madeOn(w.date(version.createdAt)),
        differences: before ? differences(askedOf(before), askedOf(version), reader) : [],
      }
    })
    .toReversed()
}
