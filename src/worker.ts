/** `npm run worker`: the queue and the timetable alone; main.ts runs both in its own process by default. */
import { readConfig } from './config.ts'
import { openNode } from './node.ts'
import { lasting } from './signals.ts'
import { run, say } from './terminal.ts'
import { startWork } from './work.ts'

await run(() =>
  lasting(async ({ told, leave }) => {
    const { env, close } = await openNode(readConfig(), say, told)
    leave.push(close)
    leave.push(await startWork(env))
    say('The worker is running.')
  }),
)
