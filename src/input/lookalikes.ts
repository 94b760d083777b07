/** Names a hurried reader would take for another's (F7; UTS #39 §4). */
import type { Fault } from './faults.ts'
import { normalName, skeleton } from './spelling.ts'
import type { Both, Installation } from '../installation.ts'

export type NameRule = 'name_looks_alike'

/** A company or service of the file, as it was just written. */
export type Named = {
  kind: 'member' | 'service'
  id: string
  memberId: string
  path: string
  names: Both
}

type Known = { id: string; names: Both }

/**
 * A service is not named like another service, nor like another company. Two companies may bear the very same legal
 * name (the corporate number tells them apart), but not one that only looks the same.
 */
export function lookalikes(
  asked: readonly Named[],
  members: readonly Known[],
  services: readonly Known[],
): Fault<NameRule>[] {
  return asked.flatMap((one) => {
    const rivals =
      one.kind === 'member'
        ? members.filter((other) => other.id !== one.id && !sameName(one.names, other.names))
        : [
            ...services.filter((other) => other.id !== one.id),
            ...members.filter((other) => other.id !== one.memberId),
          ]
    return (['ja', 'en'] as const)
      .filter((language) =>
        rivals.some((other) => bones(other).includes(skeleton(one.names[language]))),
      )
      .map((language) => ({
        path: `${one.path}/names/${language}`,
        rule: 'name_looks_alike' as const,
      }))
  })
}

const bones = ({ names }: Known) => [skeleton(names.ja), skeleton(names.en)]

const sameName = (one: Both, other: Both) => normalName(one.ja) === normalName(other.ja)

/** Skeletons of the names that only the city, the consortium and this product bear (F7). */
export function officialNames({ consortium }: Pick<Installation, 'consortium'>): {
  own: string[]
  city: string[]
} {
  const city = [
    /^(.+?[市区町村])/u.exec(consortium.ja)?.[1],
    /^(.+? (?:City|Ward|Town|Village))\b/.exec(consortium.en)?.[1],
  ]
  const own = ['まちID', 'Machi ID', '公式', '公認', 'official', consortium.ja, consortium.en]
  return {
    own: own.map(skeleton),
    city: city.filter((word) => word !== undefined).map(skeleton),
  }
}
