/** A process that trusts the certificates it was started with: says what came of posting to each address it is given. */
import { post, Unreachable } from '../../src/http/outbound.ts'

const hosts = ['localhost', '127.0.0.1']
for (const url of process.argv.slice(2)) {
  const said = await post({ url, type: 'text/plain', body: 'x' }, { hosts }).then(
    ({ status }) => String(status),
    (error: unknown) => (error instanceof Unreachable ? error.why : String(error)),
  )
  process.stdout.write(`${said}\n`)
}
