/** A folder of texts of its own for tests: the published ones, and versions that nobody publishes. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const published = fileURLToPath(new URL('../../consent-templates/', import.meta.url))

type Edited = {
  effectiveOn: string
  change: 'ask' | 'notice'
  reason?: { ja: string; en: string }
  /** What is put in the place of what, in each text of the version before. */
  ja?: [string, string][]
  en?: [string, string][]
}

export type TextFolder = {
  /** For `readTemplates`. */
  root: string
  /** Adds a version made of the one before it. */
  add(template: string, version: number, edited: Edited): Promise<void>
  /** Writes a file below the folder as it is. */
  write(path: string, text: string): Promise<void>
  remove(path: string): Promise<void>
  close(): Promise<void>
}

export async function textFolder(): Promise<TextFolder> {
  const root = `${await mkdtemp(join(tmpdir(), 'machi-texts-'))}/`
  await cp(published, root, { recursive: true })
  return {
    root,
    async add(template, version, { effectiveOn, change, reason, ...texts }) {
      const [from, to] = [version - 1, version].map((n) => `${root}${template}/${n}/`)
      await mkdir(String(to), { recursive: true })
      const { title } = JSON.parse(await readFile(`${from}terms.json`, 'utf8')) as object & {
        title: object
      }
      const why = reason ?? { ja: '試験のための版です。', en: 'A version for a test.' }
      const terms = { effectiveOn, title, change, reason: why }
      await writeFile(`${to}terms.json`, `${JSON.stringify(terms, null, 2)}\n`)
      for (const language of ['ja', 'en'] as const) {
        let text = await readFile(`${from}${language}.md`, 'utf8')
        for (const [was, is] of texts[language] ?? []) {
          if (!text.includes(was)) throw new Error(`${template}/${from}: no “${was}”`)
          text = text.replace(was, () => is)
        }
        await writeFile(`${to}${language}.md`, text)
      }
    },
    write: (path, text) => writeFile(root + path, text),
    remove: (path) => rm(root + path, { recursive: true }),
    close: () => rm(root, { recursive: true, force: true }),
  }
}
