// One node of an installation in a process of its own, as src/main.ts builds it but without the demo: for tests that
// kill it. Configured by the environment; says "ready" once it listens.
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { openNode } from '../../src/node.ts'
import { listen } from '../../src/server.ts'
import { startWork } from '../../src/work.ts'

const config = readConfig()
const { env } = await openNode(config, () => undefined)
await startWork(env)
const { app } = await createApp(env)
await listen(app, config.port)
process.stdout.write('ready\n')
