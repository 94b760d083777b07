// A process of its own for embedded.test.ts: starts or joins, says so in one line of JSON, leaves at SIGTERM.
import { startEmbedded } from '../../src/database/embedded.ts'
import type { Way } from '../../src/database/footing.ts'

const [dataDir = '', ways] = process.argv.slice(2)
const log = (message: string) => process.stderr.write(`${message}\n`)
const database = await startEmbedded({
  dataDir,
  log,
  ...(ways ? { ways: ways.split(',') as Way[] } : {}),
})
const alive = setInterval(() => undefined, 60_000)
// Before the line is said: who reads it may ask it to leave at once.
process.once('SIGTERM', () => {
  void database.stop().then(() => clearInterval(alive))
})
process.stdout.write(`${JSON.stringify({ url: database.url, joined: database.joined })}\n`)
