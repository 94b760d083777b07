/** 自走前/後 and 法人化前/後: who is shown as provider, who is liable, which sources are admitted (S-02, S-39, S-57). */
import type { Both, Installation } from '../installation.ts'

export const AXES = ['self_running', 'incorporation'] as const
export type Axis = (typeof AXES)[number]

/** Where data of the city database may come from (S-02, S-55). */
export const SOURCES = ['sensor_installed', 'sensor_approved', 'service_company'] as const
export type Source = (typeof SOURCES)[number]

/** Who bears towards residents and companies: the members jointly, or the consortium's own legal person (S-39). */
export const LIABLE = ['jointly', 'consortium'] as const
export type Liable = (typeof LIABLE)[number]

/** What one version of an axis says. Days are days in Asia/Tokyo. */
export type PhaseBody = {
  axis: Axis
  /** First day of the phase after; absent: no date yet. */
  switchesOn?: string
  /** What is told of the change. */
  text: Both
  /** self_running */
  sources?: { before: Source[]; after: Source[] }
  /** incorporation: the lead legal person before, the legal person after. */
  provider?: { before: Both; after: Both }
  liable?: { before: Liable; after: Liable }
}

/** What holds on an axis at a moment. `version` is 0 where nobody has decided anything yet. */
export type Phase = {
  axis: Axis
  version: number
  side: 'before' | 'after'
  switchesAt: Date | undefined
  body: PhaseBody | undefined
}

export type PhaseRow = {
  axis: Axis
  version: number
  switchesAt: Date | null
  body: PhaseBody
  hash: Buffer
  createdAt: Date
}

/**
 * The newest version that was there at that moment; a moment before the first one reads the first, so that a date in
 * the past can be entered afterwards.
 */
export function phaseOf(axis: Axis, rows: readonly PhaseRow[], at: Date): Phase {
  const all = rows.filter((row) => row.axis === axis).toSorted((a, b) => a.version - b.version)
  const row = all.findLast((one) => one.createdAt <= at) ?? all[0]
  const switchesAt = row?.switchesAt ?? undefined
  const side = switchesAt && at >= switchesAt ? 'after' : 'before'
  return { axis, version: row?.version ?? 0, side, switchesAt, body: row?.body }
}

/** The sources admitted to the city database; before anybody decided, what the document says of the time before. */
export function admitted(phase: Phase): Source[] {
  return phase.body?.sources?.[phase.side] ?? ['sensor_installed', 'sensor_approved']
}

/** Who is liable; before anybody decided, what the installation file's legal form implies. */
export function liableOf(phase: Phase, site: Installation): Liable {
  const decided = phase.body?.liable?.[phase.side]
  return decided ?? (site.legalForm === 'association' ? 'jointly' : 'consortium')
}

/** The installation as it is shown in a phase: before incorporation with its lead member, after it as a legal person. */
export function siteIn(phase: Phase, site: Installation): Installation {
  const provider = phase.body?.provider
  if (!provider) return site
  const { leadMember: _, ...rest } = site
  return phase.side === 'before'
    ? { ...rest, legalForm: 'association', leadMember: provider.before }
    : { ...rest, legalForm: 'company', consortium: provider.after }
}
