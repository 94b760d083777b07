/** Reads an onboarding file: every fault at once, by place and rule; nothing is looked up or written here. */
import { Ajv } from 'ajv'
import { formats, shapeFaults, type Fault, type ShapeRule } from '../input/faults.ts'
import { JsonFault, parseStrict, type JsonRule } from '../input/json.ts'
import { contractFaults, templateFaults } from '../contracts/actions.ts'
import type { Templates } from '../templates/model.ts'
import { serviceFaults, type RuleTerms, type ServiceRule } from './rules.ts'
import { fileSchema, type MemberEntry, type OnboardingFile } from './schema.ts'

type TwiceRule = 'member_twice' | 'number_twice' | 'client_id_twice'
export type ReadingRule = JsonRule | ShapeRule | ServiceRule | TwiceRule | 'private_key'

export type Reading = {
  faults: Fault<ReadingRule>[]
  /** The companies without a fault, with their place in the file. */
  members: { entry: MemberEntry; path: string }[]
}

/** `at`: when, since a contract may name only a text that has begun. */
type FileTerms = RuleTerms & { templates: Templates; at: Date }

const check = new Ajv({ allErrors: true, strict: true, formats }).compile<OnboardingFile>(
  fileSchema,
)
const PRIVATE = /\/jwks\/keys\/\d+\/(d|p|q|dp|dq|qi|oth|k)$/

/**
 * @param text  the file as it is (RFC 8259, strict: L10)
 * @param terms what the rules need to know of this installation
 */
export function readFile(text: string, terms: FileTerms): Reading {
  let given: unknown
  try {
    given = parseStrict(text)
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    return { members: [], faults: [{ path: `line ${error.line}`, rule: error.rule }] }
  }
  const shape = check(given) ? [] : shapeFaults(check.errors ?? [], given).map(namePrivateKey)
  const isWhole = (path: string) =>
    !shape.some((fault) => fault.path === path || fault.path.startsWith(`${path}/`))
  const faults: Fault<ReadingRule>[] = [...shape]
  const entries = listOf(given, 'members').map((entry, n) => ({
    entry: entry as MemberEntry,
    path: `/members/${n}`,
  }))
  for (const { entry, path } of entries)
    faults.push(...entryFaults(entry, path, { ...terms, isWhole }))
  if (shape.length === 0) faults.push(...twice(entries))
  const sound = entries.filter(
    ({ path }) => !faults.some((fault) => `${fault.path}/`.startsWith(`${path}/`)),
  )
  return { faults, members: shape.some((f) => !f.path.startsWith('/members/')) ? [] : sound }
}

function namePrivateKey(fault: Fault<ShapeRule>): Fault<ShapeRule | 'private_key'> {
  return PRIVATE.test(fault.path) ? { ...fault, rule: 'private_key' } : fault
}

/** The rules of each contract and service, as far as their shape is right. */
function entryFaults(
  entry: MemberEntry,
  path: string,
  terms: FileTerms & { isWhole: (path: string) => boolean },
): Fault<ServiceRule | ShapeRule>[] {
  const { isWhole } = terms
  const contracts = (listOf(entry, 'contracts') as MemberEntry['contracts']).map((asked, n) => ({
    asked,
    path: `${path}/contracts/${n}`,
  }))
  const sound = contracts.filter((contract) => isWhole(contract.path))
  const faults: Fault<ServiceRule | ShapeRule>[] = sound.flatMap(({ asked, path }) => [
    ...contractFaults(asked, path, terms.catalogue),
    ...templateFaults(asked, path, terms),
  ])
  for (const [n, asked] of (listOf(entry, 'services') as MemberEntry['services']).entries()) {
    const place = `${path}/services/${n}`
    if (typeof asked !== 'object' || asked === null) continue
    const contract = sound.find((one) => one.asked.number === asked.contract)?.asked
    const whole = (part: string) => part in asked && isWhole(`${place}/${part}`)
    const found = serviceFaults(asked, { contract, isWhole: whole }, terms)
    if (whole('contract') && !contract && sound.length === contracts.length)
      found.push({ path: '/contract', rule: 'contract_unknown' })
    faults.push(...found.map((fault) => ({ ...fault, path: place + fault.path })))
  }
  return faults
}

function listOf(value: unknown, key: string): unknown[] {
  const list =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : []
  return Array.isArray(list) ? list : []
}

/** What must be said only once in a file. */
function twice(entries: Reading['members']): Fault<TwiceRule>[] {
  const faults: Fault<TwiceRule>[] = []
  const once = (rule: TwiceRule) => {
    const seen = new Set<string>()
    return (value: string, path: string) => {
      if (seen.has(value)) faults.push({ path, rule })
      seen.add(value)
    }
  }
  const [member, number, client] = [
    once('member_twice'),
    once('number_twice'),
    once('client_id_twice'),
  ]
  for (const { entry, path } of entries) {
    member(entry.corporateNumber, `${path}/corporateNumber`)
    entry.contracts.forEach((c, n) => number(c.number, `${path}/contracts/${n}/number`))
    entry.services.forEach((service, n) => {
      const id = service.clientId ?? `${entry.corporateNumber} ${service.key}`
      client(id, `${path}/services/${n}/${service.clientId ? 'clientId' : 'key'}`)
    })
  }
  return faults
}
