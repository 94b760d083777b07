/** What a page's data does inside a part that was not given it: Eta's `include` adds all of it to what is handed over. */
import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import type { Frame } from '../../src/http/views.ts'

type Data = { [key: string]: unknown }
type Draw = (part: string, data: Data) => string

const whole = Symbol('all that a part can see')
const own = (it: Data): Data => (it as { [whole]?: Data })[whole] ?? it

/** Draws a page, and tells which of its data its parts read without having been handed it: `/parts/field: hint`. */
export function leaksOf(view: string, data: object, frame: Frame): string[] {
  const leaks = new Set<string>()
  const seen = (part: string, all: Data, given: Data) =>
    new Proxy(all, {
      get: (_, key) => {
        if (key === whole) return all
        const leaked = Object.hasOwn(data, key) && !Object.hasOwn(given, key)
        if (leaked && !Object.hasOwn(frame, key)) leaks.add(`${part}: ${String(key)}`)
        return Reflect.get(all, key)
      },
    })
  eta.pass = (part, it, given = {}, draw) => {
    const isAll = own(given) === own(it)
    const all = { ...own(it), ...own(given) }
    return draw(part, isAll || part.startsWith('/layouts/') ? all : seen(part, all, given))
  }
  eta.render(`/${view}`, { ...data, ...frame })
  return [...leaks]
}

class Watched extends Eta {
  /** Hands `given`, beside the data `it` of whoever includes it, to a part. */
  pass!: (part: string, it: Data, given: Data | undefined, draw: Draw) => string
}

const eta: Watched = new Watched({
  views: fileURLToPath(new URL('../../views/', import.meta.url)),
  cache: true,
  autoTrim: false,
  plugins: [
    {
      processFnString: (code: string) => {
        const include = /^let include = .*$/m
        if (!include.test(code)) throw new Error('the library includes parts in another way')
        const draw = '(part, data) => this.render(part, data, options)'
        return code.replace(
          include,
          () => `let include = (part, given) => this.pass(part, it, given, ${draw})`,
        )
      },
    },
  ],
})
