/** `npm run worker`: the queue and the timetable alone; main.ts runs both in its own process by default. */
import { readConfig } from './config.ts'
import { openNode } from './node.ts'
import { run, say } from './terminal.ts'
import { startWork } from './work.ts'

await run(async () => {
  const node = await openNode(readConfig(), say)
  const stopWork = await startWork(node.env)
  say('The worker is running.')
  const end = async () => {
    await stopWork()
    await node.close()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end())
})
