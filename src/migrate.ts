/** `npm run migrate`: applies migrations/, gives the roles their rights, and stops. */
import { readConfig } from './config.ts'
import { makeReady } from './database/ready.ts'
import { run, say } from './terminal.ts'

await run(async () => {
  const leave: (() => Promise<unknown>)[] = []
  try {
    await makeReady(readConfig(), say, { leave })
    say('The database is current.')
  } finally {
    for (const step of leave.reverse()) await step()
  }
})
