/** A product of our own to measure: the demo installation in a folder of its own, on a free port of loopback. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

export type Demo = {
  issuer: string
  residents: { email: string; password: string }[]
  services: { clientId: string; clientSecret: string | null; redirectUris: string[] }[]
}

/** Starts the product and waits until it is ready. @throws Error where it does not get ready within 40 s */
export async function start(): Promise<{ demo: Demo; stop: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'machi-id-bench-'))
  const port = await freePort()
  const env = { PATH: process.env['PATH'], PORT: String(port), DATA_DIR: dataDir }
  const child = spawn(process.execPath, [main], { env, stdio: 'ignore' })
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    await rm(dataDir, { recursive: true, force: true })
  }
  try {
    const issuer = `http://localhost:${port}`
    await ready(issuer, () => child.exitCode)
    const demo = (await (await fetch(`${issuer}/dev/demo.json`)).json()) as Demo
    return { demo, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function ready(issuer: string, exitCode: () => number | null): Promise<void> {
  for (let waited = 0; waited < 40_000; waited += 200) {
    if (exitCode() !== null) throw new Error(`the product ended with ${exitCode()}`)
    const answer = await fetch(`${issuer}/healthz/ready`).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('the product did not get ready')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
