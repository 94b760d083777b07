/** What the pages of the governance phases show. */
import type { Decide } from '../http/parts.ts'
import type { Installation } from '../installation.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { Fields } from '../refusal.ts'
import type { Proposal } from '../reviews/model.ts'
import { admitted, liableOf, siteIn, type Axis, type Phase } from './phase_model.ts'
import type { DryRun, SideShown } from './phases.ts'

export type PhaseForm = Record<string, string | string[]>
export type PhaseFormPage = { axis: Axis; title: string; form: PhaseForm; fields: Fields }

type Fact = [label: string, value: string]

export type PhasesPage = {
  axes: {
    axis: Axis
    side: string
    decided: boolean
    facts: Fact[]
    open: { state: string; facts: Fact[]; decide: Decide } | undefined
    mayChange: boolean
  }[]
  fields: Fields
  done: string
  tried: { axis: Axis; on: string }
  result:
    | {
        title: string
        /** What it goes by, where that is not what is in force. */
        basis: string
        rows: { what: string; before: string; after: string }[]
        /** undefined: the consortium alone is liable. */
        members: string[] | undefined
        contracts: { name: string; href: string; datasets: string }[]
        residents: string
      }
    | undefined
}

type Around = {
  language: Language
  site: Installation
  proposal: Proposal | undefined
  decide: Decide | undefined
  mayChange: boolean
}

/** One axis as it stands, with what is proposed for it. */
export function phaseNow(
  phase: Phase,
  { language, site, proposal, decide, mayChange }: Around,
): PhasesPage['axes'][number] {
  const p = messages[language].contracts.phases
  const body = proposal?.body as unknown as Phase['body'] | undefined
  return {
    axis: phase.axis,
    side: p.sides[phase.axis][phase.side],
    decided: phase.version > 0,
    facts: factsOf(phase, language, site),
    open: proposal &&
      decide && {
        state: proposal.state,
        facts: proposedFacts({ ...phase, body }, language, site),
        decide,
      },
    mayChange,
  }
}

function factsOf(phase: Phase, language: Language, site: Installation): Fact[] {
  const p = messages[language].contracts.phases
  const w = words(language)
  const switches: Fact = [
    p.switches,
    phase.switchesAt ? w.dateWithWeekday(phase.switchesAt) : p.undated,
  ]
  const text: Fact[] = phase.body ? [[p.text, phase.body.text[language]]] : []
  return [switches, ...sideFacts(phase, language, site), ...text]
}

function sideFacts(phase: Phase, language: Language, site: Installation): Fact[] {
  const p = messages[language].contracts.phases
  const w = words(language)
  if (phase.axis === 'self_running')
    return [[p.sources, w.list(admitted(phase).map((source) => p.sourceNames[source]))]]
  return [
    [p.provider, providerOf(siteIn(phase, site), language)],
    [p.liable, p.liables[liableOf(phase, site)]],
  ]
}

/** What a proposal says of both sides, and its day. */
function proposedFacts(phase: Phase, language: Language, site: Installation): Fact[] {
  const p = messages[language].contracts.phases
  const w = words(language)
  const day = phase.body?.switchesOn
  const sides = (['before', 'after'] as const).flatMap((side) =>
    sideFacts({ ...phase, side }, language, site).map(([label, value]): Fact => [
      `${p.sides[phase.axis][side]} ${label}`,
      value,
    ]),
  )
  const at = day && new Date(`${day}T00:00:00+09:00`)
  return [
    [p.switches, at ? w.dateWithWeekday(at) : p.undated],
    ...sides,
    [p.text, phase.body?.text[language] ?? ''],
  ]
}

/** As the foot of every page says it: the consortium, and before incorporation the member that leads it. */
function providerOf(site: Installation, language: Language): string {
  const p = messages[language].contracts.phases
  const led = site.legalForm === 'association' && site.leadMember
  return `${site.consortium[language]}${led ? p.led(led[language]) : ''}`
}

/** What a switch would change, as rows before and after. */
export function resultOf(run: DryRun, language: Language): NonNullable<PhasesPage['result']> {
  const p = messages[language].contracts.phases
  const w = words(language)
  const shown = ({ site, liable, sources }: SideShown) => ({
    provider: providerOf(site, language),
    liable: p.liables[liable],
    sources: w.list(sources.map((source) => p.sourceNames[source])),
  })
  const [before, after] = [shown(run.before), shown(run.after)]
  return {
    title: p.result(w.dateWithWeekday(run.on)),
    basis: p.bases[run.basis],
    rows: (['provider', 'liable', 'sources'] as const).map((key) => ({
      what: p[key],
      before: before[key],
      after: after[key],
    })),
    members: run.members?.map(({ names }) => names[language]),
    contracts: run.contracts.map(({ contract, datasets }) => ({
      name: `${contract.number} ${contract.memberNames[language]}`,
      href: `/admin/contracts/${contract.id}`,
      datasets: datasets.length ? p.datasets(w.list(datasets)) : '',
    })),
    residents: p.residentsText(run),
  }
}
