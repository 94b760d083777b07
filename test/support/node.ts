/** A node of the product in a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { KEK } from './env.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Started = {
  child: ChildProcess
  issuer: string
  /** All it has written to standard output and standard error so far. */
  said(): string
  /** Resolves once it has said this. @throws Error where it ends before */
  says(words: RegExp): Promise<void>
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | string>
}

/**
 * A port where nothing listens, and where nothing comes before the caller does: below those that the system gives to
 * whoever asks for any.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

/**
 * Starts a script of the product with this environment and nothing else of ours.
 *
 * @param script by default a node without the demo
 */
export async function startNode(
  settings: Record<string, string>,
  script = 'test/support/node-child.ts',
  args: string[] = [],
): Promise<Started> {
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, ...args],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: '/tmp/machi-id-test/compile-cache',
        DATA_DIR: '/tmp/machi-id-test',
        PORT: String(port),
        ISSUER: issuer,
        KEY_ENCRYPTION_KEY: KEK.toString('base64'),
        ...settings,
      },
    },
  )
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  return {
    child,
    issuer,
    said: () => text,
    async says(words) {
      const over = ended.then((how) => {
        if (!words.test(text)) throw new Error(`ended with ${how}: ${text.slice(-2000)}`)
      })
      over.catch(() => undefined)
      while (!words.test(text))
        await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 20))])
    },
    ended,
  }
}
