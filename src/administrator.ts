/** `npm run administrator -- --email=… --name=… [--ends=YYYY-MM-DD] [--lang=en]`: a one-time link for the first administrators. */
import { readConfig } from './config.ts'
import { messages } from './locales/index.ts'
import { words } from './locales/words.ts'
import { openNode } from './node.ts'
import * as operators from './operators/actions.ts'
import { Refusal } from './refusal.ts'
import { run, say } from './terminal.ts'

const args = process.argv.slice(2)
const language = args.includes('--lang=en') ? 'en' : 'ja'
const t = messages[language].operators.terminal
const given = (name: string) =>
  args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)

await run(async () => {
  const [email, name] = [given('email'), given('name')]
  if (!email || !name) throw new Error(t.usage)
  const node = await openNode(readConfig(), say)
  try {
    const made = await operators.first(node.env, { email, name, endsOn: given('ends') })
    say(t.done(name, words(language).dateTime(made.expiresAt)))
    say(made.href)
  } catch (error) {
    throw explained(error)
  } finally {
    await node.close()
  }
})

/** What went wrong in plain words. */
function explained(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error
  if (error.reason === 'wrong_state') return new Error(t.enough)
  const { errors } = messages[language].forms
  const lines = Object.entries(error.details.fields ?? {}).map(
    ([field, key]) => `  --${field}: ${errors[key as keyof typeof errors] ?? errors.not_valid}`,
  )
  return new Error([t.refused, ...lines].join('\n'))
}
