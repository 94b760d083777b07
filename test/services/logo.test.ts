/** Logos: nothing of what was handed in is served, and what is no small picture is refused at its field (F8, L7). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { request } from 'node:http'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { Browser, type Page } from '../support/browser.ts'
import { makeService, type MadeService } from '../support/builders.ts'
import { makeStaff, signIn } from '../support/people.ts'
import { openSite, type Site } from '../support/site.ts'
import * as reviews from '../../src/reviews/actions.ts'

let site: Site
let company: MadeService
let staff: Browser
let picture: Buffer

beforeAll(async () => {
  site = await openSite()
  company = await makeService(site.env)
  staff = new Browser(site.issuer)
  signIn(staff, await makeStaff(site.env, company.memberId))
  await staff.submit(
    await staff.open(`/company/services/${company.id}`),
    {},
    `/company/services/${company.id}/next`,
  )
  picture = await sharp({
    create: { width: 600, height: 300, channels: 3, background: '#0055aa' },
  })
    .withExif({ IFD0: { Copyright: 'secret place' } })
    .png()
    .toBuffer()
})
afterAll(() => site.close())

const address = () => `/company/services/${company.id}/logo`
const asked = async () =>
  (await reviews.list(site.env, { subjectId: company.id }))[0]?.body['asked'] as { logo?: string }
const kept = async () => Number((await site.env.db('service_logos').count('* as n').first())?.['n'])

async function upload(
  bytes: Buffer | undefined,
  {
    name = 'logo.png',
    type = 'image/png',
    csrf,
  }: { name?: string; type?: string; csrf?: string } = {},
): Promise<Page> {
  const page = await staff.open(address())
  const value = (field: string) =>
    new RegExp(`name="${field}" value="([^"]+)"`).exec(page.text)?.[1] ?? ''
  const form = new FormData()
  form.set('csrf', csrf ?? value('csrf'))
  form.set('hash', value('hash'))
  if (bytes) form.set('file', new Blob([new Uint8Array(bytes)], { type }), name)
  return staff.request(address(), {
    method: 'POST',
    headers: { origin: site.issuer },
    body: form,
  })
}

/** A PNG that says it is this large, with hardly a byte of pixels. */
function claims(width: number, height: number, data = deflateSync(Buffer.alloc(64))): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const head = Buffer.concat([Buffer.from(type), body])
    const out = Buffer.alloc(12 + body.length)
    out.writeUInt32BE(body.length, 0)
    head.copy(out, 4)
    out.writeUInt32BE(crc(head), 8 + body.length)
    return out
  }
  const ihdr = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0])
  ihdr.writeUInt32BE(width, 0)
  ihdr.writeUInt32BE(height, 4)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', ihdr),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function crc(bytes: Buffer): number {
  let value = ~0
  for (const byte of bytes) {
    value ^= byte
    for (let n = 0; n < 8; n++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0)
  }
  return ~value >>> 0
}

describe('a logo', () => {
  test('is drawn anew, without metadata, and served from our own address', async () => {
    const done = await upload(picture, { name: '../../etc/x.png' })
    expect(done.status).toBe(303)
    const { logo } = await asked()
    expect(logo).toMatch(/^[0-9a-f]{64}$/)
    const shown = await fetch(`${site.issuer}/logos/${logo}.png`)
    expect(shown.status).toBe(200)
    expect(shown.headers.get('content-type')).toBe('image/png')
    expect(shown.headers.get('x-content-type-options')).toBe('nosniff')
    expect(shown.headers.get('content-security-policy')).toContain('sandbox')
    expect(shown.headers.get('cache-control')).toContain('immutable')
    const bytes = Buffer.from(await shown.arrayBuffer())
    const { width, height, exif } = await sharp(bytes).metadata()
    expect([width, height, exif]).toEqual([256, 256, undefined])
    expect(bytes.includes('secret place')).toBe(false)
    const about = await staff.open(`/company/services/${company.id}`)
    expect(about.text).toContain(`/company/logos/${logo}.png`)
  })

  test('is kept once, however often it is handed in', async () => {
    const before = await kept()
    expect((await upload(picture)).status).toBe(303)
    expect(await kept()).toBe(before)
  })

  test.each<[string, () => Buffer | undefined | Promise<Buffer>, string]>([
    ['nothing', () => undefined, '画像を選んでください'],
    [
      'an SVG',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'),
      'SVG',
    ],
    ['an SVG named as PNG', () => Buffer.from('<?xml version="1.0"?><svg/>'), 'SVG'],
    ['a GIF', () => Buffer.from('GIF89a\x01\x00\x01\x00'), 'PNG'],
    ['a picture that says 30,000 × 30,000', () => claims(30_000, 30_000), '4096'],
    ['a strip 30,000 wide', () => claims(30_000, 1), '4096'],
    [
      'a bomb that unpacks to 100 MB',
      () => claims(6000, 6000, deflateSync(Buffer.alloc(100_000_000))),
      '4096',
    ],
    ['a picture that is cut off', () => picture.subarray(0, picture.length - 200), '画像として'],
    [
      'a page behind a PNG mark',
      () => Buffer.from('89504e470d0a1a0a3c68746d6c3e', 'hex'),
      '画像として',
    ],
    ['more than 512 kB', () => Buffer.concat([picture, Buffer.alloc(520 * 1024)]), '512 kB'],
  ])('%s is refused at its field and nothing is kept', async (_what, bytes, words) => {
    const before = [await kept(), (await asked()).logo]
    const page = await upload(await bytes())
    expect(page.status).toBe(422)
    expect(page.text).toContain('id="file-e"')
    expect(page.text).toContain(words)
    expect([await kept(), (await asked()).logo]).toEqual(before)
  })

  test('a page hidden behind a real picture is gone from what is served', async () => {
    const polyglot = Buffer.concat([picture, Buffer.from('<script>alert(1)</script>')])
    await upload(polyglot)
    const { logo } = await asked()
    const bytes = Buffer.from(await (await fetch(`${site.issuer}/logos/${logo}.png`)).arrayBuffer())
    expect(bytes.includes('<script>')).toBe(false)
  })

  test('is refused without the token of the form, and as a form of another page', async () => {
    expect((await upload(picture, { csrf: 'x' })).status).toBe(403)
    const form = new FormData()
    form.set('csrf', 'x')
    const other = await staff.request(`/company/services/${company.id}`, {
      method: 'POST',
      headers: { origin: site.issuer },
      body: form,
    })
    expect(other.status).toBe(415)
  })

  test.each(['a'.repeat(64) + '.png', '..%2f..%2fetc%2fpasswd', 'x.svg'])(
    '/logos/%s is not found',
    async (name) => {
      expect((await fetch(`${site.issuer}/logos/${name}`)).status).toBe(404)
    },
  )
})

const MIB = Buffer.alloc(1024 * 1024, 'A')
const PART = '--B\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'

/** Posts a body that never ends, by somebody without a session, and reads the answer until the connection is closed. */
function endless(begin: string, headers: Record<string, string> = {}, most = 64): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(`${site.issuer}${address()}`, {
      method: 'POST',
      headers: {
        'content-type': 'multipart/form-data; boundary=B',
        origin: site.issuer,
        ...headers,
      },
    })
    let answered = false
    asked.on('response', (answer) => {
      answered = true
      answer.resume()
      answer.on('error', () => {})
      answer.socket.once('close', () =>
        resolve(`${answer.statusCode} ${answer.headers['connection']}`),
      )
    })
    asked.on('error', (error) => {
      if (!answered) reject(error)
    })
    let sent = 0
    const more = () => {
      while (!answered && !asked.destroyed && sent < most) {
        sent++
        if (!asked.write(MIB)) return void asked.once('drain', more)
      }
    }
    asked.write(begin)
    more()
  })
}

describe('a body without end is answered before it is over', () => {
  test.each([
    ['in one file', PART],
    ['before any part', 'x'],
    ['in a field', '--B\r\nContent-Disposition: form-data; name="file"\r\n\r\n'],
    ['in a second file', `${PART}\r\n${PART}`, '422'],
  ])('%s', async (_where, begin, status = '413') => {
    expect(await endless(begin)).toBe(`${status} close`)
  })

  test('by the length it declares, without a byte of it', async () => {
    const length = String(1024 * 1024 + 1)
    expect(await endless('', { 'content-length': length }, 0)).toBe('413 close')
  })
})
