/** A browser without a screen: cookies by path, redirects by hand, forms by name. For many at once; see also chromium.ts. */

type Cookie = {
  value: string
  path: string
  httpOnly: boolean
  secure: boolean
  sameSite: string | undefined
}

export type Page = {
  status: number
  url: string
  headers: Headers
  text: string
}

export class Browser {
  readonly jar = new Map<string, Cookie>()
  /** Every Set-Cookie seen, for checks of flags. */
  readonly setCookies: string[] = []
  readonly issuer: string
  private readonly headers: Record<string, string>
  private readonly via: string

  /** @param via where the issuer is really found, as behind a proxy */
  constructor(issuer: string, headers: Record<string, string> = {}, via = issuer) {
    this.issuer = issuer
    this.via = via
    this.headers = { 'accept-language': 'ja', accept: 'text/html', ...headers }
  }

  cookieHeader(path: string): string {
    const fits = ([, c]: [string, Cookie]) =>
      path === c.path || path.startsWith(c.path.endsWith('/') ? c.path : `${c.path}/`)
    return [...this.jar]
      .filter(fits)
      .map(([key, c]) => `${key.split('|')[0]}=${c.value}`)
      .join('; ')
  }

  private keep(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      this.setCookies.push(line)
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const [name = '', ...rest] = pair.split('=')
      const value = rest.join('=')
      const attribute = (key: string) =>
        attributes.find((a) => a.toLowerCase().startsWith(`${key}=`))?.split('=')[1]
      const path = attribute('path') ?? '/'
      const expires = attribute('expires')
      const gone =
        value === '' ||
        attribute('max-age') === '0' ||
        (expires !== undefined && new Date(expires) < new Date())
      if (gone) this.jar.delete(`${name}|${path}`)
      else {
        const has = (flag: string) => attributes.some((a) => a.toLowerCase() === flag)
        this.jar.set(`${name}|${path}`, {
          value,
          path,
          httpOnly: has('httponly'),
          secure: has('secure'),
          sameSite: attribute('samesite'),
        })
      }
    }
  }

  /** One request, no redirect followed. */
  async request(address: string, init: RequestInit = {}): Promise<Page> {
    const url = new URL(address, this.issuer)
    const headers: Record<string, string> = {
      ...this.headers,
      ...(init.headers as Record<string, string>),
    }
    const cookie = this.cookieHeader(url.pathname)
    if (cookie) headers['cookie'] = cookie
    const target = new URL(url.pathname + url.search, this.via)
    const response = await fetch(target, { ...init, headers, redirect: 'manual' })
    this.keep(response.headers)
    return {
      status: response.status,
      url: url.toString(),
      headers: response.headers,
      text: await response.text(),
    }
  }

  /** Follows redirects while they stay with us; returns the last page, or the redirect that leads elsewhere. */
  async follow(page: Page): Promise<Page> {
    let current = page
    for (let hops = 0; hops < 12; hops++) {
      const location = current.headers.get('location')
      if (current.status < 300 || current.status > 399 || !location) return current
      const next = new URL(location, current.url)
      if (next.origin !== this.issuer) return current
      current = await this.request(next.toString())
    }
    throw new Error('too many redirects')
  }

  async open(address: string): Promise<Page> {
    return this.follow(await this.request(address))
  }

  post(address: string, fields: Record<string, string> | [string, string][]): Promise<Page> {
    const entries = Array.isArray(fields) ? fields : Object.entries(fields)
    return this.request(address, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.issuer },
      body: new URLSearchParams(entries).toString(),
    })
  }

  /** Posts to the page's own address with its hidden fields and these. */
  async submit(
    page: Page,
    fields: Record<string, string> | [string, string][],
    address = page.url,
  ): Promise<Page> {
    const entries = Array.isArray(fields) ? fields : Object.entries(fields)
    return this.follow(await this.post(address, [...Object.entries(hidden(page)), ...entries]))
  }

  /** Signs in on the page that shows the form. */
  signIn(page: Page, person: { email: string; password: string }): Promise<Page> {
    return this.submit(page, { email: person.email, password: person.password })
  }
}

/** The hidden fields of the page's first form that posts. */
export function hidden(page: Page): Record<string, string> {
  const form = /<form[^>]*method="post"[\s\S]*?<\/form>/.exec(page.text)?.[0] ?? ''
  const fields: Record<string, string> = {}
  for (const [input] of form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1]
    if (name) fields[name] = unescape(/value="([^"]*)"/.exec(input)?.[1] ?? '')
  }
  return fields
}

function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}

/** Item ids on the consent screen. */
export function itemsOn(page: Page): string[] {
  return [...page.text.matchAll(/data-item="([^"]+)"/g)].map((match) => match[1] ?? '')
}
