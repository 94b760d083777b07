/** What is wrong with a draft, by place and rule: the same rules as for a file, and those of what only staff say. */
import { Ajv, type ValidateFunction } from 'ajv'
import { catalogue } from '../catalogue/actions.ts'
import * as contracts from '../contracts/actions.ts'
import { turnOf } from '../contracts/model.ts'
import { isDemo } from '../database/demo.ts'
import type { Env } from '../env.ts'
import { formats, shapeFaults, type Fault } from '../input/faults.ts'
import { lookalikes, officialNames, type Named } from '../input/lookalikes.ts'
import type { Resolve } from '../input/public_addresses.ts'
import { skeleton } from '../input/spelling.ts'
import * as members from '../members/actions.ts'
import { CLAUSES } from './clauses.ts'
import {
  draftSchema,
  PARTS,
  type Part,
  type PartialDraft,
  type ServiceDraft,
} from './draft_schema.ts'
import { hasLogo } from './draft_store.ts'
import { receiverFaults } from './receivers.ts'
import { serviceFaults, type ContractTerms, type RuleTerms } from './rules.ts'
import type { ServiceAsked } from './schema.ts'
import * as store from './store.ts'

const check: ValidateFunction<ServiceDraft> = new Ajv({
  allErrors: true,
  strict: true,
  formats,
}).compile<ServiceDraft>(draftSchema)

/** Whose draft it is. */
export type Owner = { memberId: string; serviceId: string }

/** Names beside the two every page knows. */
const FURTHER_NAMES = ['zhHans', 'zhHant', 'ko'] as const
/** 公式 and the like as the other three write them (F7). */
const OFFICIAL_ABROAD = ['官方', '公式', '공식', '공인']

/**
 * A draft that can be submitted: nothing is missing and nothing is wrong.
 *
 * @param resolve how names are resolved, for tests
 */
export async function wholeFaults(
  env: Env,
  asked: PartialDraft,
  owner: Owner,
  resolve?: Resolve,
): Promise<Fault[]> {
  const faults = await allFaults(env, asked, owner, resolve)
  const unnamed = CLAUSES.filter((clause) => !asked.clauses?.[clause]).map((clause) => ({
    path: `/clauses/${clause}`,
    rule: 'required',
  }))
  return [...faults.filter(({ path }) => path !== '/clauses'), ...unnamed]
}

/** What may be added until the draft is submitted. */
const isGap = ({ rule }: Fault) => rule === 'required' || rule === 'empty'

/** What is wrong with one part as far as it is written. */
export async function partFaults(
  env: Env,
  asked: PartialDraft,
  owner: Owner,
  part: Part,
): Promise<Fault[]> {
  const fields: readonly string[] = PARTS[part]
  const faults = await draftFaults(env, asked, owner)
  return faults.filter(({ path }) => fields.includes(path.split('/')[1] ?? ''))
}

/** What is wrong with all of a draft as far as it is written: nothing of the kind is kept (A3, F7). Not its key. */
export async function draftFaults(env: Env, asked: PartialDraft, owner: Owner): Promise<Fault[]> {
  const faults = await allFaults(env, asked, owner)
  return faults.filter((fault) => !isGap(fault) && fault.path !== '/key')
}

async function allFaults(
  env: Env,
  asked: PartialDraft,
  owner: Owner,
  resolve?: Resolve,
): Promise<Fault[]> {
  const shape: Fault[] = check(asked) ? [] : shapeFaults(check.errors ?? [], asked)
  // What is there of a part is judged, whatever of it is still to come: a blank field lets no bad name pass (J8).
  const isWhole = (part: string) =>
    part in asked &&
    !shape.some(
      (fault) => fault.path === `/${part}` || (fault.path.startsWith(`/${part}/`) && !isGap(fault)),
    )
  const contract = await contractOf(env, asked.contract, owner.memberId)
  const terms = await ruleTerms(env)
  const whole = completed(asked)
  const said: ServiceAsked = { ...whole, status: 'draft' }
  const rules: Fault[] = serviceFaults(said, { contract, isWhole }, terms)
  if (!contract) rules.push({ path: '/contract', rule: 'contract_unknown' })
  if (isWhole('client'))
    rules.push(
      ...clientFaults(whole),
      ...(await receiverFaults(env, [{ client: whole.client, path: '/client' }], resolve)),
    )
  if (isWhole('names')) rules.push(...(await nameFaults(env, whole, owner)))
  if (asked.logo && isWhole('logo') && !(await hasLogo(env.db, asked.logo, owner.memberId)))
    rules.push({ path: '/logo', rule: 'logo_unknown' })
  return [...shape, ...rules]
}

/** The draft with nothing where something is still to come. Only parts whose shape is right are looked at. */
function completed(asked: PartialDraft): ServiceDraft {
  const items = Array.isArray(asked.items) ? asked.items : []
  const said = {
    ...asked,
    names: { ja: '', en: '', ...asked.names },
    client: { redirectUris: [], ...asked.client },
    items: items.map((one) => ({ purposes: [], ...(one as object) })),
  }
  return said as unknown as ServiceDraft
}

/** @param test of a test side, which may be led back to this computer (A3) */
export async function ruleTerms(env: Env, test = false): Promise<RuleTerms> {
  const loopback = test || (await isDemo(env))
  return { catalogue: await catalogue(env), installation: env.config.installation, loopback }
}

/** A contract of the company by its number, as the rules look at it: the version whose turn it is. */
export async function contractOf(
  env: Env,
  number: string | undefined,
  memberId: string,
): Promise<(ContractTerms & { id: string }) | undefined> {
  const found = (await contracts.ofMember(env, memberId)).find((one) => one.number === number)
  if (!found) return undefined
  const { subjectType, flows } = turnOf(found, env.now())
  return { id: found.id, subjectType, flows }
}

/** A secret is the exception, and somebody has to say why (C1). */
function clientFaults({ client }: ServiceDraft): Fault[] {
  const secret = client.authMethod === 'client_secret_basic'
  return secret && !client.secretReason ? [{ path: '/client/secretReason', rule: 'required' }] : []
}

/** No name of the service passes for another service, another company, or the city's own (F7). */
async function nameFaults(env: Env, { names, kind }: ServiceDraft, owner: Owner): Promise<Fault[]> {
  const { memberId, serviceId } = owner
  const taken = [await members.names(env), await store.names(env.db)] as const
  const alike = (text: { ja: string; en: string }) => {
    const one: Named = { kind: 'service', id: serviceId, memberId, path: '', names: text }
    return lookalikes([one], ...taken)
  }
  const { own, city } = officialNames(env.config.installation)
  const official = [...own, ...city, ...OFFICIAL_ABROAD.map(skeleton)]
  const faults: Fault[] = alike(names)
  for (const language of FURTHER_NAMES) {
    const text = names[language]
    if (text === undefined) continue
    const path = `/names/${language}`
    if (alike({ ja: text, en: text }).length) faults.push({ path, rule: 'name_looks_alike' })
    if (kind !== 'own' && official.some((word) => skeleton(text).includes(word)))
      faults.push({ path, rule: 'name_official' })
  }
  return faults
}
