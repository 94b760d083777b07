// One node of an installation in a process of its own, as src/main.ts builds it but without the demo: for tests that
// kill it. Configured by the environment, with ANY_PORT=yes on a port of its own; says "ready" and its port once it listens.
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { openNode } from '../../src/node.ts'
import { listen } from '../../src/server.ts'
import { startWork } from '../../src/work.ts'

const config = readConfig()
const { env } = await openNode(config, () => undefined)
await startWork(env)
const { app } = await createApp(env)
const { port } = await listen(app, process.env['ANY_PORT'] === 'yes' ? 0 : config.port)
process.stdout.write(`ready ${port}\n`)
