/** The typed door to views/: strict printing, language, CSRF token and installation at hand in every view. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import type { Env } from '../env.ts'
import { messages, type Language } from '../locales/index.ts'
import { words } from '../locales/words.ts'
import type { OperatorHere, StaffHere } from '../persons.ts'
import { csrfToken } from './forms.ts'
import { originOf } from './headers.ts'
import { operatorMenu, staffMenu, type MenuLink } from './menus.ts'
import type { Ctx, Middleware, State } from './state.ts'

const folder = fileURLToPath(new URL('../../views/', import.meta.url))

const eta = new Eta({
  views: folder,
  cache: true,
  autoEscape: true,
  autoTrim: false,
  autoFilter: true,
  filterFunction: (value: unknown) => {
    if (typeof value === 'string') return value
    if (typeof value === 'number') return String(value)
    throw new TypeError(`a view printed ${value === null ? 'null' : typeof value}`)
  },
})

/** The one stylesheet: the Digital Agency's tokens in the layer `tokens`, then ours. */
const tokens = readFileSync(
  createRequire(import.meta.url).resolve('@digital-go-jp/design-tokens/dist/tokens.css'),
  'utf8',
)
const ours = readFileSync(`${folder}style.css`, 'utf8').replace(/^@charset[^\n]*\n/, '')
export const sheet = `@layer tokens, base, layout, parts;\n@layer tokens {\n${tokens}\n}\n${ours}`
const sheetPath = `/style.${createHash('sha256').update(sheet).digest('hex').slice(0, 16)}.css`

const icon = readFileSync(`${folder}icon.svg`, 'utf8')

/** The one script, on the pages that use passkeys and nowhere else (I3). */
const script = readFileSync(`${folder}passkey.js`, 'utf8')
const scriptPath = `/passkey.${createHash('sha256').update(script).digest('hex').slice(0, 16)}.js`

/** Stylesheet and script (for ever, their names change with them) and the mark. */
export const assets: Middleware = async (ctx, next) => {
  if (ctx.path === sheetPath) {
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
    ctx.type = 'css'
    ctx.body = sheet
  } else if (ctx.path === scriptPath) {
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
    ctx.type = 'js'
    ctx.body = script
  } else if (ctx.path === '/icon.svg') {
    ctx.set('Cache-Control', 'public, max-age=86400')
    ctx.type = 'svg'
    ctx.body = icon
  } else {
    await next()
  }
}

/** What every view finds in `it` beside its own data. */
export type Frame = {
  lang: Language
  /** The messages of `lang`. */
  t: (typeof messages)[Language]
  /** Dates, lists and the like in `lang`. */
  w: ReturnType<typeof words>
  /** Value of the hidden field `csrf`. */
  csrf: string
  /** Path and query of this page, for the language switch; empty: no switch. */
  here: string
  /** Path alone, for `aria-current`. */
  path: string
  stylesheet: string
  /** Address of the script for passkeys; only a page drawn with `script: true` may name it. */
  script: string
  site: Env['config']['installation']
  signedIn: boolean
  /** Notices of the resident signed in, as the menu and the banner say them. */
  unread: State['unread']
  /** Who is at the console; undefined elsewhere. */
  operator: Pick<OperatorHere, 'name' | 'roles'> | undefined
  /** Who is at the portal; undefined elsewhere. */
  staff: Pick<StaffHere, 'name' | 'role'> | undefined
  /** The pages of console or portal that they may enter. */
  menu: MenuLink[]
}

/** Renders a view with its frame. Throws where a view prints anything but text or a number. */
export function render(view: string, data: object, frame: Frame): string {
  return eta.render(`/${view}`, { ...data, ...frame })
}

function frameOf(ctx: Ctx): Frame {
  const language = ctx.state.language ?? 'ja'
  const { operator, staff } = ctx.state
  return {
    lang: language,
    t: messages[language],
    w: words(language),
    csrf: csrfToken(ctx),
    // Two slashes in front would lead to another host.
    here: ctx.url.replace(/^[/\\]{2,}/, '/'),
    path: ctx.path,
    stylesheet: sheetPath,
    script: scriptPath,
    site: ctx.state.site ?? ctx.state.env.config.installation,
    signedIn: ctx.state.resident !== undefined,
    unread: ctx.state.unread,
    operator,
    staff,
    menu: menuOf({ operator, staff }),
  }
}

/** Links of this page that lead to another of our hosts, written in full: each page is on its own host alone (G9). */
function acrossHosts(ctx: Ctx, html: string): string {
  const { config } = ctx.state.env
  return html.replace(
    /(<a\b[^>]*\shref=")(\/(?![/\\])[^"]*)/g,
    (link, before: string, path: string) => {
      const home = originOf(config, path.replace(/[?#].*$/, ''))
      return new URL(home).host === ctx.host ? link : before + home + path
    },
  )
}

/** The menu of console or portal for who is signed in there. */
export function menuOf({ operator, staff }: Pick<Frame, 'operator' | 'staff'>): MenuLink[] {
  if (operator) return operatorMenu(operator.roles)
  return staff ? staffMenu(staff.role) : []
}

export type PageOptions = {
  status?: number
  /** Sources beside 'self' that this page's forms may lead to. */
  formAction?: string[]
  /** Whether the page carries the script for passkeys. */
  script?: boolean
  /** Empty where the page must not repeat its address, which is somebody else's text (A2). */
  here?: ''
}

/** A typed door: `const list = page<List>('consents/list')`, then `list(ctx, data)`. */
export function page<T extends object>(view: string) {
  return (ctx: Ctx, data: T, options: PageOptions = {}): string => {
    const frame = frameOf(ctx)
    const drawn = render(view, data, { ...frame, here: options.here ?? frame.here })
    const html = acrossHosts(ctx, drawn)
    ctx.status = options.status ?? 200
    ctx.type = 'html'
    ctx.body = html
    if (options.formAction) ctx.state.formAction = options.formAction
    if (options.script) ctx.state.script = true
    return html
  }
}

/** SHA-256 of the rendered `<main>` without the CSRF field: what the resident saw, as evidence (R2). */
export function pageHash(html: string): Buffer {
  const main = /<main[\s>][\s\S]*<\/main>/.exec(html)?.[0] ?? ''
  return createHash('sha256')
    .update(main.replace(/<input type="hidden" name="(csrf|shown)"[^>]*>/g, ''))
    .digest()
}
