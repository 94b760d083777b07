/** `npm run migrate`: applies migrations/ and stops. */
import { readConfig } from './config.ts'
import { startEmbedded } from './database/embedded.ts'
import { migrate } from './database/migrate.ts'
import { reach } from './database/reach.ts'
import { run, say } from './terminal.ts'

await run(async () => {
  const config = readConfig()
  const server = config.databaseUrl
    ? undefined
    : await startEmbedded({ dataDir: config.dataDir, log: say })
  try {
    const url = config.databaseUrl ?? server?.url ?? ''
    await reach(url, say)
    await migrate(url)
    say('The database is current.')
  } finally {
    await server?.stop()
  }
})
