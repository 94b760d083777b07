/** What commands say to the person at the terminal; the log goes elsewhere as JSON. */
import { ConfigFaults } from './config.ts'

export function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`)
}

/** Runs a command; a fault it names ends the process with exit code 1 and one clear sentence. */
export async function run(command: () => Promise<void>): Promise<void> {
  try {
    await command()
  } catch (error) {
    const text =
      error instanceof ConfigFaults || error instanceof Error ? error.message : String(error)
    process.stderr.write(`${text}\n`)
    process.exitCode = 1
  }
}
