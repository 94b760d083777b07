/** `npm start`: reads the configuration, builds the node, listens, closes gently. */
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import * as demo from './demo/actions.ts'
import type { Env } from './env.ts'
import { openNode } from './node.ts'
import { listen } from './server.ts'
import { run, say } from './terminal.ts'
import { startWork } from './work.ts'

await run(async () => {
  const config = readConfig()
  const node = await openNode(config, say)
  const { env } = node
  const leave: (() => Promise<unknown>)[] = [node.close]
  let draining = false
  const end = async () => {
    draining = true
    for (const step of leave.splice(0).reverse()) await step()
  }
  try {
    await demo.prepare(env)
    leave.push(await startWork(env))
    const { app } = await createApp(env, () => draining)
    const web = await listen(app, config.port)
    leave.push(web.close)
    if (await demo.isDemo(env)) leave.push(await openDemo(env))
    else say(`Machi ID is ready at ${config.issuer}`)
  } catch (error) {
    await end()
    throw error
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void finish(end, env))
})

/** The sample service is no part of the product: an installation without the demo need not even hold its files. */
async function openDemo(env: Env): Promise<() => Promise<void>> {
  const { startMemberService } = await import('../examples/member-service/service.ts')
  return demo.open(env, say, startMemberService)
}

/** Ends within ten seconds, also where a client will not let go. */
async function finish(end: () => Promise<void>, env: Env): Promise<void> {
  const timer = setTimeout(() => process.exit(0), 9500)
  timer.unref()
  try {
    await end()
  } catch (error) {
    env.log.error({ event: 'stop_failed', name: error instanceof Error ? error.name : 'unknown' })
    process.exitCode = 1
  }
}
