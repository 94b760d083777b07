/** Signed states kept outside the database, where nobody who rewrites it can reach (docs/security.md, "The ledger"). */
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { atomically, type Env } from '../env.ts'
import { checkpoint } from './actions.ts'
import { TREES } from './model.ts'
import * as store from './store.ts'

/**
 * Writes the newest signed state of each tree into the folder of LEDGER_ANCHOR_DIR, one file per state, once: a file is
 * made anew or not at all, so that storage which lets nobody overwrite can hold it. What lies there is a witness for
 * `npm run ledger:verify -- --witness=<folder>`. Safe on many nodes: one does it, the others pass, so that none takes
 * what another is writing for what a crash left.
 *
 * @throws Error where another state of the same size was kept before: somebody rewrote the ledger, or the folder
 */
export async function anchor(env: Env): Promise<void> {
  const folder = env.config.ledgerAnchorDir
  if (folder === undefined) return
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await atomically(env, async (env) => {
    if (!(await store.lockAnchor(env.db))) return
    for (const tree of TREES) {
      const state = await checkpoint(env, tree)
      if (state) await keep(folder, `${tree}-${String(state.size).padStart(12, '0')}`, state.note)
    }
  })
}

async function keep(folder: string, name: string, note: string): Promise<void> {
  for (const file of [`${name}.note`, `${name}.again.note`]) {
    if (await written(join(folder, file), note)) return flush(folder)
    const kept = await readFile(join(folder, file), 'utf8')
    if (kept === note) return
    // What a crash left half written is no note; beside it stands the whole one.
    if (!note.startsWith(kept))
      throw new Error(`${file} was kept with another content: the ledger or the folder was changed`)
  }
}

/** @returns false where the file is there already */
async function written(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o444)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false
    throw error
  }
}

/** The names are on disk too. */
async function flush(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
