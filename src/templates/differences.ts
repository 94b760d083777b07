/** What changed between two texts, section by section and word by word; pure. */
import type { Language } from '../locales/index.ts'

/** A stretch of a changed section: as it was, taken out, or put in. */
export type TextPiece = { kind: 'same' | 'removed' | 'added'; text: string }

/** A section that is not the same in both: every line is a row of pieces. */
export type SectionChange = {
  id: string
  kind: 'added' | 'removed' | 'changed'
  title: string
  /** The heading as it was, where it is another now. */
  titleBefore: string | undefined
  lines: TextPiece[][]
}

type Shown = { id: string; title: string; lines: readonly string[] }

/** Beyond this many words on a side, a section is shown as taken out and put in whole. */
const MOST_WORDS = 1500

/** The sections of `now` that are new or differ, in its order; then those of `before` that are gone. */
export function textChanges(
  before: readonly Shown[],
  now: readonly Shown[],
  language: Language,
): SectionChange[] {
  const changes = now.flatMap((section) => {
    const old = before.find(({ id }) => id === section.id)
    if (!old) return [whole(section, 'added')]
    const same = old.title === section.title && old.lines.join('\n') === section.lines.join('\n')
    return same ? [] : [changed(old, section, language)]
  })
  const gone = before.filter(({ id }) => !now.some((section) => section.id === id))
  return [...changes, ...gone.map((section) => whole(section, 'removed'))]
}

function whole({ id, title, lines }: Shown, kind: 'added' | 'removed'): SectionChange {
  return { id, kind, title, titleBefore: undefined, lines: lines.map((text) => [{ kind, text }]) }
}

function changed(before: Shown, now: Shown, language: Language): SectionChange {
  return {
    id: now.id,
    kind: 'changed',
    title: now.title,
    titleBefore: before.title === now.title ? undefined : before.title,
    lines: linesOf(pieces(before.lines.join('\n'), now.lines.join('\n'), language)),
  }
}

/** The words of both texts as one row: the longest common part stays, the rest is taken out or put in. */
function pieces(before: string, now: string, language: Language): TextPiece[] {
  const [a, b] = [wordsOf(before, language), wordsOf(now, language)]
  if (a.length > MOST_WORDS || b.length > MOST_WORDS)
    return joined([
      { kind: 'removed', text: `${before}\n` },
      { kind: 'added', text: now },
    ])
  const common = commonLengths(a, b)
  const row: TextPiece[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      row.push({ kind: 'same', text: a[i] ?? '' })
      i++
      j++
    } else if (j >= b.length || (i < a.length && at(common, i + 1, j) >= at(common, i, j + 1)))
      row.push({ kind: 'removed', text: a[i++] ?? '' })
    else row.push({ kind: 'added', text: b[j++] ?? '' })
  }
  return joined(row)
}

const at = (table: Uint16Array[], i: number, j: number) => table[i]?.[j] ?? 0

/** Length of the longest common row of words from i and j on. */
function commonLengths(a: readonly string[], b: readonly string[]): Uint16Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = table[i] as Uint16Array
      row[j] =
        a[i] === b[j]
          ? at(table, i + 1, j + 1) + 1
          : Math.max(at(table, i + 1, j), at(table, i, j + 1))
    }
  }
  return table
}

function wordsOf(text: string, language: Language): string[] {
  const segmenter = new Intl.Segmenter(language, { granularity: 'word' })
  return [...segmenter.segment(text)].map(({ segment }) => segment)
}

/** Neighbours of one kind become one piece; between two of them what is taken out stands first. */
function joined(row: readonly TextPiece[]): TextPiece[] {
  const out: TextPiece[] = []
  let open = { removed: '', added: '' }
  const flush = () => {
    if (open.removed) out.push({ kind: 'removed', text: open.removed })
    if (open.added) out.push({ kind: 'added', text: open.added })
    open = { removed: '', added: '' }
  }
  for (const { kind, text } of row) {
    if (kind !== 'same') {
      open[kind] += text
      continue
    }
    flush()
    const last = out.at(-1)
    if (last?.kind === 'same') last.text += text
    else out.push({ kind, text })
  }
  flush()
  return out
}

/** Splits the row at line ends; a line end that was put in or taken out ends the line too. */
function linesOf(row: readonly TextPiece[]): TextPiece[][] {
  const lines: TextPiece[][] = [[]]
  for (const { kind, text } of row) {
    for (const [n, part] of text.split('\n').entries()) {
      if (n) lines.push([])
      if (part) lines.at(-1)?.push({ kind, text: part })
    }
  }
  return lines.filter((line) => line.length)
}
