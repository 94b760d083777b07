/**
 * `npm run ledger:verify [-- --dump=file.sql] [--pub=key] [--witness=file-or-folder …] [--entry=id]`: whether the ledger
 * is what was signed. Ends with 0 (it is), 1 (it is not), 2 (cannot be told). Nothing is written.
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { readConfig } from './config.ts'
import { startEmbedded } from './database/embedded.ts'
import { openDatabase, openDump } from './ledger/reading.ts'
import { verify } from './ledger/verify.ts'
import { readWitnesses } from './ledger/witnesses.ts'

type Options = { dump?: string; pub?: string; witness: string[]; entry?: string }

function optionsOf(args: readonly string[]): Options {
  const options: Options = { witness: [] }
  for (const arg of args) {
    const [, name, value = ''] = /^--(dump|pub|witness|entry)=(.+)$/.exec(arg) ?? []
    if (!name) throw new Error(`unknown option ${arg}`)
    if (name === 'witness') options.witness.push(value)
    else options[name as 'dump' | 'pub' | 'entry'] = value
  }
  return options
}

/** A public key as JWK, as PEM, or as the line `name+hash+key`. */
function keyOf(text: string): KeyObject {
  const line = /\+[0-9a-f]{8}\+([A-Za-z0-9+/=]+)\s*$/.exec(text)?.[1]
  if (line) {
    const x = Buffer.from(line, 'base64').subarray(1).toString('base64url')
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  }
  if (!text.trimStart().startsWith('{')) return createPublicKey(text)
  const given = JSON.parse(text) as JsonWebKey & { keys?: JsonWebKey[] }
  return createPublicKey({ key: given.keys?.[0] ?? given, format: 'jwk' })
}

/** The database of this installation: where DATABASE_URL says, else the embedded one, also while the product runs. */
async function database() {
  const config = readConfig()
  if (config.databaseUrl) return openDatabase(config.databaseUrl)
  const server = await startEmbedded({ dataDir: config.dataDir, log: () => {} })
  try {
    const opened = await openDatabase(server.url, server.auditor)
    const close = async () => {
      await opened.close()
      await server.stop()
    }
    return { ...opened, close }
  } catch (error) {
    await server.stop()
    throw error
  }
}

const say = (text: string) => process.stdout.write(`${text}\n`)

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2))
  const begun = Date.now()
  const source = options.dump ? await openDump(options.dump) : await database()
  try {
    const known = source.publicJwk && JSON.stringify(source.publicJwk)
    const text = options.pub ? await readFile(options.pub, 'utf8') : known
    if (!text) throw new Error('there is no public key: give one by --pub')
    const key = keyOf(text)
    const { kept, unread } = await readWitnesses(options.witness, key)
    const report = await verify(source.evidence, key, kept)
    // A fault is one whatever else could not be read; without one, a witness unheard leaves it open.
    const ok = report.ok && unread.length ? null : report.ok
    const bad =
      options.entry && report.trees.flatMap((t) => t.faults).find((f) => f.entry === options.entry)
    const more = {
      key: options.pub ? 'given' : 'from the database itself: give one by --pub to prove more',
      seconds: (Date.now() - begun) / 1000,
      ...(unread.length && { witnessesNotRead: unread }),
      ...(options.entry && { entry: { id: options.entry, ok: !bad } }),
    }
    say(JSON.stringify({ ...report, ok, ...more }, null, 2))
    return ok === null ? 2 : Number(!ok)
  } finally {
    await source.close()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  say(JSON.stringify({ ok: null, why: (error as Error).message }))
  process.exitCode = 2
}
