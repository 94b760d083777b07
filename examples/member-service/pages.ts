/** The demo service's HTML. Everything that came from outside is escaped. */
import type { SignedIn, Trouble } from './relying-party.ts'
import type { ja, Told } from './words.ts'

type Words = typeof ja

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const e = (text: string) => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)

function frame(w: Words, title: string, body: string): string {
  return `<!doctype html>
<html lang="${w.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${e(title === w.name ? title : `${title} – ${w.name}`)}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">${e(w.name)}</a></header>
<main>
${body}
</main>
<footer><p>${e(w.demo)}</p></footer>
</body>
</html>
`
}

const toldNow = (w: Words, told: Told | undefined) =>
  told && w.told[told] ? `<p class="told" role="status">${e(w.told[told])}</p>\n` : ''

export function welcome(w: Words, told?: Told): string {
  return frame(
    w,
    w.name,
    `${toldNow(w, told)}<h1>${e(w.lead)}</h1>
<p>${e(w.intro)}</p>
<p class="actions"><a class="button main" href="/sign-in">${e(w.signIn)}</a>
<a class="button" href="/sign-in?ask=few">${e(w.signInFew)}</a></p>
<p class="soft">${e(w.fewText)}</p>`,
  )
}

/** What was received, and what could be tried next. */
export function received(w: Words, signedIn: SignedIn, issuer: string, told?: Told): string {
  const rows = rowsOf(w, signedIn)
    .map(
      ([label, value]) =>
        `<div><dt>${e(label)}</dt><dd${value ? '' : ' class="soft"'}>${e(value ?? w.nothing)}</dd></div>`,
    )
    .join('\n')
  return frame(
    w,
    w.welcome,
    `${toldNow(w, told)}<h1>${e(w.welcome)}</h1>
<h2>${e(w.received)}</h2>
<dl>
${rows}
</dl>
<p class="soft">${e(w.scope)}${e(w.colon)}<code>${e(signedIn.scope)}</code></p>
<h2>${e(w.next)}</h2>
<p class="actions"><a class="button" href="/again">${e(w.again)}</a>
<a class="button" href="/sign-in?again=yes">${e(w.consentAgain)}</a>
<a class="button" href="/sign-in?ask=few">${e(w.fewer)}</a></p>
<p><a href="${e(issuer)}/account/services">${e(w.atMachiId)}</a></p>
<form method="post" action="/sign-out"><button class="button">${e(w.signOut)}</button></form>
<h2>${e(w.unlinkTitle)}</h2>
<p>${e(w.unlinkText)}</p>
<form method="post" action="/unlink"><button class="button">${e(w.unlink)}</button></form>`,
  )
}

export function trouble(w: Words, kind: Trouble, code?: string): string {
  const { title, text } = w.trouble[kind]
  return frame(
    w,
    title,
    `<h1>${e(title)}</h1>
<p>${e(text)}</p>${code ? `\n<p class="soft">${e(w.code)}${e(w.colon)}<code>${e(code)}</code></p>` : ''}
<p class="actions"><a class="button main" href="/">${e(w.home)}</a></p>`,
  )
}

export function notFound(w: Words): string {
  const link = `<p class="actions"><a class="button" href="/">${e(w.home)}</a></p>`
  return frame(w, w.notFound, `<h1>${e(w.notFound)}</h1>\n${link}`)
}

function rowsOf(w: Words, { claims }: SignedIn): [label: string, value: string | undefined][] {
  const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined)
  const email = text(claims.email)
  const { postal_code, region, locality } = claims.address ?? {}
  const area = [postal_code, region, locality].filter(Boolean).join(' ')
  return [
    [w.items.sub, claims.sub],
    [w.items.name, text(claims.name)],
    [w.items.kana, text(claims['name#ja-Kana-JP'])],
    [w.items.email, email && `${email} (${claims.email_verified ? w.verified : w.unverified})`],
    [w.items.birthdate, text(claims.birthdate)],
    [w.items.gender, w.sex[text(claims.gender) ?? ''] ?? text(claims.gender)],
    [w.items.address, area || undefined],
  ]
}

export const stylesheet = `:root { color-scheme: light dark; --ink: #1c2b22; --soft: #4c5d52; --paper: #fff; --ground: #eef5ef; --line: #c9dccd; --key: #1d5c3a; --on-key: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #e9f2eb; --soft: #b3c4b8; --paper: #16201a; --ground: #0d130f; --line: #33453a; --key: #9bd8b3; --on-key: #0d130f } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 400 1rem/1.75 'Noto Sans JP', 'Noto Sans CJK JP', -apple-system, 'Hiragino Sans', 'BIZ UDPGothic', Meiryo, sans-serif; overflow-wrap: anywhere; line-break: strict }
header, main, footer { max-width: 40rem; margin-inline: auto; padding: 1rem 1.25rem }
header a { color: var(--key); font-weight: 700; text-decoration: none }
main { background: var(--paper); border: 1px solid var(--line); border-radius: 1rem; padding: 1.5rem 1.25rem 2rem }
h1 { font-size: 1.625rem; line-height: 1.45; margin: 0 0 .75rem; text-wrap: balance; word-break: auto-phrase }
h2 { font-size: 1.125rem; margin: 2rem 0 .5rem }
p { margin: .75rem 0 }
.soft { color: var(--soft) }
.told { border: 1px solid var(--key); border-radius: .5rem; padding: .75rem 1rem; font-weight: 700; margin-top: 0 }
p.soft { font-size: .875rem }
dl { margin: 0; border-top: 2px solid var(--ink) }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .5rem 0; border-bottom: 1px solid var(--line) }
dt { flex: 0 0 8rem; color: var(--soft) }
dd { flex: 1 1 14rem; margin: 0 }
.actions { display: flex; flex-wrap: wrap; gap: .75rem }
.button { display: inline-flex; align-items: center; min-height: 3rem; padding: .5rem 1.25rem; border: 1px solid var(--key); border-radius: .5rem; background: transparent; color: var(--key); font: inherit; font-weight: 700; text-decoration: none; cursor: pointer }
.main { background: var(--key); color: var(--on-key) }
a { color: var(--key) }
:focus-visible { outline: 4px solid var(--ink); outline-offset: 2px }
form { margin-top: 1.5rem }
footer { font-size: .875rem; color: var(--soft) }
`
