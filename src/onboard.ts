/** `npm run onboard -- file.json [--lang=en]`: takes in companies, contracts and services; all of it or nothing. */
import { readFile } from 'node:fs/promises'
import { readConfig } from './config.ts'
import * as demo from './demo/actions.ts'
import type { Fault } from './input/faults.ts'
import { messages } from './locales/index.ts'
import { openNode } from './node.ts'
import { Refusal } from './refusal.ts'
import * as services from './services/actions.ts'
import { run, say } from './terminal.ts'

const args = process.argv.slice(2)
const language = args.includes('--lang=en') ? 'en' : 'ja'
const t = messages[language].onboarding
const [file] = args.filter((arg) => !arg.startsWith('--'))

await run(async () => {
  if (!file) throw new Error(t.usage)
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(t.unreadable(file))
  })
  const node = await openNode(readConfig(), say)
  try {
    report(await services.onboard(node.env, text, { loopback: await demo.isDemo(node.env) }))
  } catch (error) {
    throw explained(error)
  } finally {
    await node.close()
  }
})

function report({ changes, secrets }: services.Onboarded): void {
  const news = changes.filter((change) => change.news.length)
  say(news.length ? t.done : t.nothing)
  for (const change of news) {
    const words = change.news.map((what) => t.news[what])
    say(
      `  ${t.what[change.what]}  ${change.name}  ${t.version(change.version)}  ${words.join(' / ')}`,
    )
  }
  if (!secrets.length) return
  say(`\n${t.secrets}`)
  for (const { name, clientId, secret } of secrets)
    say(`  ${name}\n    client_id      ${clientId}\n    client_secret  ${secret}`)
}

/** What went wrong in plain words: every fault on a line of its own. */
function explained(error: unknown): unknown {
  if ((error as { code?: string }).code === '55P03') return new Error(t.busy)
  if (!(error instanceof Refusal) || !Array.isArray(error.details['faults'])) return error
  const faults = error.details['faults'] as Fault<services.OnboardingRule>[]
  const lines = faults.map(({ path, rule }) => `  ${path || '/'}\n    ${t.faults[rule]} [${rule}]`)
  return new Error([t.refused(faults.length), ...lines].join('\n'))
}
