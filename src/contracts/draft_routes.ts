/** Writing a contract: the form, its rows, and what is wrong with it. */
import type { Router } from '@koa/router'
import { readForm } from '../http/forms.ts'
import type { Ctx, Middleware, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { messages } from '../locales/index.ts'
import * as members from '../members/actions.ts'
import type { MemberNow } from '../members/model.ts'
import { Refusal, type Fields } from '../refusal.ts'
import { found, readerOf } from './detail.ts'
import {
  fieldsOf,
  formOf,
  formSchema,
  givenBy,
  ROW_KINDS,
  rowsOf,
  stepped,
  type Form,
} from './form.ts'
import type { ChoosePage, FormPage } from './pages.ts'
import * as proposing from './proposing.ts'
import { faultsIn } from './rules.ts'
import type { ContractAsked } from './schema.ts'
import { askedOf } from './writing.ts'

const choose = page<ChoosePage>('contracts/choose')
const view = page<FormPage>('contracts/form')

const BASE = '/admin/contracts'
const MAY_HAVE = ['approved', 'active', 'suspended']

export function draftRoutes(router: Router<State>, registrar: Middleware): void {
  router.get(`${BASE}/new`, registrar, async (ctx: Ctx) => {
    const { env, language } = ctx.state
    const asked = ctx.query['member']
    if (asked === undefined) {
      const all = (await members.list(env)).filter(({ member }) => MAY_HAVE.includes(member.status))
      const companies = all.map(({ member }) => ({ id: member.id, name: member.names[language] }))
      return void choose(ctx, { companies })
    }
    const member = await companyOf(ctx, asked)
    await show(ctx, { member, form: formOf({ flows: [FLOW] }) })
  })
  router.post(`${BASE}/new`, registrar, async (ctx) => {
    const form = readForm(ctx, formSchema) as Form
    const member = await companyOf(ctx, form['member'])
    await save(ctx, { member, form }, async (given) => {
      const by = operatorOf(ctx)
      const made = await proposing.draft(ctx.state.env, { memberId: member.id, given, by })
      return { id: proposing.subjectOf(made), done: 'drafted' }
    })
  })
  router.get(`${BASE}/:id/edit`, registrar, async (ctx) => {
    const { contract, proposal, place } = await edited(ctx)
    const last = contract?.versions.at(-1)
    const asked = proposal ? proposing.askedIn(proposal) : last && askedOf(last)
    if (!asked) throw new Refusal('not_found')
    await show(ctx, { ...place, form: formOf(asked), ...(proposal && { hash: proposal.hash }) })
  })
  router.post(`${BASE}/:id/edit`, registrar, async (ctx) => {
    const form = readForm(ctx, formSchema) as Form
    const { proposal, place } = await edited(ctx)
    const hash = typeof form['hash'] === 'string' ? form['hash'] : undefined
    await save(ctx, { ...place, form, ...(hash && { hash }) }, async (given) => {
      const { env } = ctx.state
      const by = operatorOf(ctx)
      // A form that began a version while another was begun, or the other way round: somebody was quicker.
      if (Boolean(hash) !== Boolean(proposal)) throw new Refusal('changed_meanwhile')
      if (proposal && hash) await proposing.edit(env, { id: proposal.id, hash, by, given })
      else
        await proposing.draft(env, { contractId: place.id, memberId: place.member.id, given, by })
      return { id: place.id, done: proposal ? 'edited' : 'drafted' }
    })
  })
}

/** What most contracts begin with. */
const FLOW: ContractAsked['flows'][number] = {
  giver: 'consortium',
  receiver: 'member',
  items: ['user_id'],
  purposes: ['service_delivery'],
  delivery: 'OpenID Connect',
}

function operatorOf(ctx: Ctx) {
  if (!ctx.state.operator) throw new Refusal('sign_in_required')
  return ctx.state.operator
}

async function companyOf(ctx: Ctx, id: unknown): Promise<MemberNow> {
  const all = await members.list(ctx.state.env)
  const member = all.find((one) => one.member.id === id)?.member
  if (!member || !MAY_HAVE.includes(member.status)) throw new Refusal('not_found')
  return member
}

/** The contract of the address with its open proposal. @throws Refusal not_found, wrong_state where it is over */
async function edited(ctx: Ctx & { params?: Record<string, string> }) {
  const here = await found(ctx.state.env, ctx.params?.['id'] ?? '')
  const over = here.proposal && ['approved', 'refused', 'withdrawn'].includes(here.proposal.state)
  if (over) throw new Refusal('wrong_state')
  const member = await companyOf(ctx, here.memberId)
  return { ...here, place: { id: here.id, member, numberFixed: here.contract !== undefined } }
}

type Place = {
  member: MemberNow
  form: Form
  /** Of a contract or draft that is there already. */
  id?: string
  hash?: string
  numberFixed?: boolean
}

/** A button of the rows shows the form again with nothing lost; the other one saves, or says what is wrong. */
async function save(
  ctx: Ctx,
  place: Place,
  work: (given: unknown) => Promise<{ id: string; done: string }>,
): Promise<void> {
  const next = stepped(place.form, String(place.form['step'] ?? 'save'))
  if (next) return show(ctx, { ...place, form: next })
  try {
    const { id, done } = await work(givenBy(place.form))
    ctx.redirect(`${BASE}/${id}?done=${done}`)
    ctx.status = 303
  } catch (error) {
    const faults = faultsIn(error)
    if (!faults) throw error
    await show(ctx, place, fieldsOf(faults))
  }
}

async function show(ctx: Ctx, place: Place, fields: Fields = {}): Promise<void> {
  const { env, language } = ctx.state
  const c = messages[language].contracts
  const { catalogue, usualTemplate, templates } = await readerOf(env, language)
  const named = (list: readonly { id: string; names: Record<'ja' | 'en', string> }[]) =>
    list.map(({ id, names }) => ({ value: id, label: names[language] }))
  const { member, form, id, hash = '' } = place
  const lines = {
    flow: rowsOf(form, 'flow'),
    approval: rowsOf(form, 'approval'),
    document: rowsOf(form, 'document'),
  }
  const texts = [...templates].map(([value, label]) => ({ value, label }))
  const data: FormPage = {
    title: c.newTitle,
    action: id ? `${BASE}/${id}/edit` : `${BASE}/new`,
    company: member.names[language],
    memberId: member.id,
    hash,
    form,
    lines,
    items: named(catalogue.items),
    purposes: named(catalogue.purposes),
    templates: [{ value: '', label: c.installationTemplate(usualTemplate) }, ...texts],
    numberFixed: place.numberFixed ?? false,
    fields,
    labels: labelsOf(form, c),
    back: id ? `${BASE}/${id}` : BASE,
  }
  view(ctx, data, { status: Object.keys(fields).length ? 422 : 200 })
}

/** The name of every field, rows with their number, for the summary of what is wrong. */
export function labelsOf(
  form: Form,
  c: { fields: Record<string, string> } & Pick<
    FormWords,
    'flowFields' | 'approvalFields' | 'documentFields' | 'sections' | 'rowOf'
  >,
): Record<string, string> {
  const labels: Record<string, string> = { ...c.fields }
  const words = {
    flow: [c.sections.flows, c.flowFields],
    approval: [c.sections.approvals, c.approvalFields],
    document: [c.sections.documents, c.documentFields],
  } as const
  for (const kind of ROW_KINDS)
    for (const n of rowsOf(form, kind))
      for (const [field, label] of Object.entries(words[kind][1]))
        labels[`${kind}_${n}_${field}`] = `${c.rowOf(words[kind][0], n + 1)} ${label}`
  return labels
}

type FormWords = (typeof messages)['ja']['contracts']
