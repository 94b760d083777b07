/** States that somebody else kept, as files: each is read and counted, or named as one that cannot be. */
import type { KeyObject } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { treeOf } from './model.ts'
import { isNote, openNote, type Checkpoint } from './note.ts'

/**
 * `not_a_note`: nothing that can be read as one; `not_signed`: not by this key, or its signature does not hold;
 * `another_log`: of neither tree; `no_file`: a folder without any.
 */
type Unread = { file: string; why: 'not_a_note' | 'not_signed' | 'another_log' | 'no_file' }

/**
 * Reads files, and all files of folders, but no hidden ones and no folders within. What a crash left half written by
 * `anchor` is none, where the whole one stands beside it.
 */
export async function readWitnesses(
  paths: readonly string[],
  key: KeyObject,
): Promise<{ kept: Checkpoint[]; unread: Unread[] }> {
  const kept: Checkpoint[] = []
  const unread: Unread[] = []
  for (const path of paths) {
    const files = await filesOf(path)
    if (files.size === 0) unread.push({ file: path, why: 'no_file' })
    for (const [file, text] of files) {
      const found = opened(text, key)
      if (typeof found !== 'string') kept.push(found)
      else if (!isLeftHalf(text, files.get(file.replace(/\.note$/, '.again.note'))))
        unread.push({ file, why: found })
    }
  }
  return { kept, unread }
}

async function filesOf(path: string): Promise<Map<string, string>> {
  if (!(await stat(path)).isDirectory()) return new Map([[path, plain(await readFile(path))]])
  const files = new Map<string, string>()
  for (const { name } of (await readdir(path, { withFileTypes: true }))
    .filter((one) => !one.isDirectory() && !one.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1)))
    files.set(join(path, name), plain(await readFile(join(path, name))))
  return files
}

/** The text as it was published: editors and other systems end lines by CRLF, and leave out the last or double it. */
function plain(bytes: Buffer): string {
  const text = bytes
    .toString()
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
    .trimEnd()
  return text && `${text}\n`
}

function opened(text: string, key: KeyObject): Checkpoint | Unread['why'] {
  if (!isNote(text)) return 'not_a_note'
  const state = openNote(text, key)
  if (!state) return 'not_signed'
  return treeOf(state.origin) ? state : 'another_log'
}

const isLeftHalf = (half: string, whole: string | undefined) =>
  whole !== undefined && whole !== half && whole.startsWith(half.trimEnd())
