/** The two governance phases: what holds at a moment, the dry run of a switch, and its two persons. */
import { createHash } from 'node:crypto'
import { Ajv } from 'ajv'
import * as audit from '../audit/actions.ts'
import { canonical, type Json } from '../audit/model.ts'
import { atomically, type Env } from '../env.ts'
import { dayOf, startOfDay } from '../input/days.ts'
import { formats, shapeFaults } from '../input/faults.ts'
import type { Both, Installation } from '../installation.ts'
import * as members from '../members/actions.ts'
import type { Person } from '../persons.ts'
import { Refusal, type Fields } from '../refusal.ts'
import * as reviews from '../reviews/actions.ts'
import type { Proposal } from '../reviews/model.ts'
import { stateOf, turnOf, type Contract } from './model.ts'
import { admitted, AXES, liableOf, phaseOf, siteIn } from './phase_model.ts'
import type { Axis, Liable, Phase, PhaseBody, PhaseRow, Source } from './phase_model.ts'
import { phaseSchemas } from './phase_schema.ts'
import { DECLINING } from './proposing.ts'
import * as queries from './queries.ts'
import * as store from './store.ts'

/** Both phases at a moment (S-57); read at the time of use, so nobody has to act on the day. */
export async function phasesAt(env: Env, at: Date): Promise<Record<Axis, Phase>> {
  const rows = await versions(env)
  return {
    self_running: phaseOf('self_running', rows, at),
    incorporation: phaseOf('incorporation', rows, at),
  }
}

async function versions(env: Env): Promise<PhaseRow[]> {
  return (await store.phaseRows(env.db)) as PhaseRow[]
}

/** The installation as it is shown at a moment: the phase in force decides about legal form and lead (S-39). */
export async function siteAt(env: Env, at: Date): Promise<Installation> {
  return siteIn((await phasesAt(env, at)).incorporation, env.config.installation)
}

/** The members that are jointly liable for a cause of that moment; none where the consortium alone is (S-39). */
export async function jointlyLiable(env: Env, at: Date): Promise<{ id: string; names: Both }[]> {
  const { incorporation } = await phasesAt(env, at)
  const liable = liableOf(incorporation, env.config.installation)
  return liable === 'jointly' ? queries.membersAt(env.db, at) : []
}

/** What one side of the switch means. */
export type SideShown = { site: Installation; liable: Liable; sources: Source[] }

/** What a dry run goes by: an open proposal, what is in force, or, where nobody decided anything, a usual content. */
export type Basis = 'proposed' | 'decided' | 'assumed'

export type DryRun = {
  axis: Axis
  on: Date
  basis: Basis
  before: SideShown
  after: SideShown
  /** The jointly liable of a cause just before the switch; undefined where the consortium alone is (S-39). */
  members: { id: string; names: Both }[] | undefined
  /** Contracts in term on that day; with a flow from the company, its dataset changes its standing. */
  contracts: { contract: Contract; datasets: string[] }[]
  /** Whether the provider is another one after the switch. */
  changes: boolean
  /** Residents whose consent names the provider that would change: asked anew once the text is put into force. */
  residents: number
}

/**
 * What a switch would change on a day, before anybody decides; writes nothing. The side before is what is in force: only
 * an open proposal may say something else of it, an assumed content never does.
 */
export async function dryRun(
  env: Env,
  { body, basis }: { body: PhaseBody; basis: Basis },
  day: string,
): Promise<DryRun> {
  const on = startOfDay(day)
  const eve = new Date(on.getTime() - 1)
  const { axis } = body
  const inForce = (await phasesAt(env, env.now()))[axis]
  const switched =
    inForce.side === 'after' && inForce.switchesAt !== undefined && eve >= inForce.switchesAt
  const before = sideShown(env, await phasesAt(env, eve), {
    ...inForce,
    side: switched ? 'after' : 'before',
    body: basis === 'proposed' && !switched ? body : inForce.body,
  })
  const after = sideShown(env, await phasesAt(env, on), { ...inForce, side: 'after', body })
  const all = await queries.list(env.db)
  const inTerm = all.filter((one) => stateOf(turnOf(one, on), on) === 'in_force')
  const provider = ({ site }: SideShown) => canonical([site.legalForm, site.consortium.ja])
  const changes = provider(before) !== provider(after)
  return {
    axis,
    on,
    basis,
    before,
    after,
    members: before.liable === 'jointly' ? await queries.membersAt(env.db, eve) : undefined,
    contracts: inTerm.map((contract) => ({
      contract,
      datasets: turnOf(contract, on).flows.flatMap((flow) => flow.dataset ?? []),
    })),
    changes,
    residents: changes ? await queries.residentsInForce(env.db, env.now()) : 0,
  }
}

/** What one phase means beside the other axis as it stands. */
function sideShown(env: Env, others: Record<Axis, Phase>, phase: Phase): SideShown {
  const phases: Record<Axis, Phase> = { ...others, [phase.axis]: phase }
  return {
    site: siteIn(phases.incorporation, env.config.installation),
    liable: liableOf(phases.incorporation, env.config.installation),
    sources: admitted(phases.self_running),
  }
}

/** The proposal of an axis that is still open. */
export async function openPhase(env: Env, axis: Axis): Promise<Proposal | undefined> {
  const open = await reviews.list(env, {
    kinds: ['phase'],
    states: ['draft', 'returned', 'proposed'],
  })
  return open.find((proposal) => proposal.body['axis'] === axis)
}

const ajv = new Ajv({ allErrors: true, strict: true, formats })
const checks = {
  self_running: ajv.compile<PhaseBody>(phaseSchemas.self_running),
  incorporation: ajv.compile<PhaseBody>(phaseSchemas.incorporation),
}

/** @throws Refusal invalid_input, not_found for an axis that is none */
export function readPhase(given: { axis?: unknown }): PhaseBody {
  if (!isAxis(given.axis)) throw new Refusal('not_found')
  const check = checks[given.axis]
  const asked: unknown = given
  if (check(asked)) return asked
  const faults = shapeFaults(check.errors ?? [], given)
  const fields = Object.fromEntries(faults.map(({ path, rule }) => [nameOf(path), rule]))
  throw new Refusal('invalid_input', { fields })
}

/** /text/ja → text_ja, /sources/before/0 → sources_before */
const nameOf = (path: string) =>
  path
    .split('/')
    .slice(1, 3 + Number(/^.provider/.test(path)))
    .join('_')

/**
 * One operator proposes a version of an axis; a later proposal of the same axis replaces an open one.
 *
 * @throws Refusal invalid_input
 */
export function proposePhase(env: Env, given: { axis?: unknown }, by: Person): Promise<Proposal> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    const body = readPhase(given)
    await hold(env, body)
    const open = await openPhase(env, body.axis)
    const json = body as unknown as reviews.Body
    const drafted = open
      ? await reviews.edit(env, { id: open.id, hash: open.hash, by, body: json })
      : await reviews.draft(env, {
          kind: 'phase',
          subjectId: null,
          memberId: null,
          body: json,
          by,
        })
    return reviews.propose(env, { id: drafted.id, hash: drafted.hash, by })
  })
}

/** A switch that has happened stays; a date to come may not be in the past, save in the first version. */
async function hold(env: Env, body: PhaseBody): Promise<void> {
  const fields: Fields = {}
  const now = (await phasesAt(env, env.now()))[body.axis]
  const asked = body.switchesOn ? startOfDay(body.switchesOn) : undefined
  if (now.side === 'after') {
    if (asked?.getTime() !== now.switchesAt?.getTime()) fields['switchesOn'] = 'already_switched'
  } else if (now.version > 0 && body.switchesOn && body.switchesOn < dayOf(env.now()))
    fields['switchesOn'] = 'date_past'
  if (Object.keys(fields).length) throw new Refusal('invalid_input', { fields })
}

/** A second person decides. @throws Refusal second_person_needed, changed_meanwhile, wrong_state, not_found */
export function approvePhase(env: Env, seen: reviews.Seen): Promise<Proposal> {
  return atomically(env, async (env) => {
    await members.lockOnboarding(env)
    await heldPhase(env, seen.id)
    return reviews.approve(env, seen, async (env, proposal) => {
      const body = readPhase(proposal.body)
      await hold(env, body)
      await writePhase(env, body, seen.by)
    })
  })
}

/** Gives it back to be changed, or declines it. @throws Refusal as in reviews */
export async function declinePhase(
  env: Env,
  which: 'giveBack' | 'refuse' | 'withdraw',
  seen: reviews.Seen & { note: string },
): Promise<void> {
  await heldPhase(env, seen.id)
  await DECLINING[which](env, seen)
}

async function heldPhase(env: Env, id: string): Promise<void> {
  const found = await reviews.find(env, id)
  if (found?.kind !== 'phase') throw new Refusal('not_found')
}

async function writePhase(env: Env, body: PhaseBody, by: Person): Promise<void> {
  const last = (await versions(env)).findLast((row) => row.axis === body.axis)
  const hash = createHash('sha256')
    .update(canonical(body as unknown as Json))
    .digest()
  const id = env.newId()
  const version = (last?.version ?? 0) + 1
  const switchesAt = body.switchesOn ? startOfDay(body.switchesOn) : null
  const row = { id, axis: body.axis, version, switchesAt, body, hash, at: env.now() }
  await store.insertPhase(env.db, row)
  await audit.record(env, {
    actor: { kind: 'operator', id: by.id },
    act: 'contracts.switch_phase',
    object: { kind: 'phase', id },
    details: {
      axis: body.axis,
      version,
      before: last?.hash.toString('hex') ?? null,
      after: hash.toString('hex'),
    },
  })
}

/** Whether this is one of the two axes. */
export function isAxis(text: unknown): text is Axis {
  return (AXES as readonly unknown[]).includes(text)
}
