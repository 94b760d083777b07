/** `npm start`: reads the configuration, builds the node, listens, closes gently. */
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import * as demo from './demo/actions.ts'
import type { Env } from './env.ts'
import { openNode } from './node.ts'
import { listen } from './server.ts'
import { lasting } from './signals.ts'
import { run, say } from './terminal.ts'
import { startWork } from './work.ts'

await run(() =>
  lasting(async ({ told, leave }) => {
    const config = readConfig()
    const { env, close } = await openNode(config, say, told)
    leave.push(close)
    await demo.prepare(env)
    told.throwIfAborted()
    leave.push(await startWork(env))
    const { app } = await createApp(env, () => told.aborted)
    const web = await listen(app, config.port)
    leave.push(web.close)
    if (await demo.isDemo(env)) leave.push(await openDemo(env))
    else say(`Machi ID is ready at ${config.issuer}`)
  }),
)

/** The sample service is no part of the product: an installation without the demo need not even hold its files. */
async function openDemo(env: Env): Promise<() => Promise<void>> {
  const { startMemberService } = await import('../examples/member-service/service.ts')
  return demo.open(env, say, startMemberService)
}
