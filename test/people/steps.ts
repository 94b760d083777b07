/** People with a password and an app, and how they sign in. */
import { generateSync } from 'otplib'
import type { Env } from '../../src/env.ts'
import { hashPassword } from '../../src/passwords/hashing.ts'
import type { Area } from '../../src/people/model.ts'
import { seal } from '../../src/vault.ts'
import type { Browser, Page } from '../support/browser.ts'

export const PASSWORD = 'Tsukue no ue no enpitsu 9'
export const SEED = 'AGKXONCAVO66CWD2HYC5ZUY4OZIURP2D'
const BASE = { operator: '/admin', staff: '/company' } as const

/** Gives an account password and codes. */
export async function equip(env: Env, area: Area, id: string, seed = SEED): Promise<void> {
  await env
    .db(area === 'operator' ? 'operators' : 'staff')
    .where({ id })
    .update({
      password_hash: await hashPassword(PASSWORD, env.secrets.pepper),
      totp_sealed: seal(env.secrets.people, seed, id),
      totp_last_step: null,
    })
}

/** The code of an app at this moment of the world; `steps` later or earlier. */
export function codeAt(env: Env, steps = 0, seed = SEED): string {
  const epoch = Math.floor(env.now().getTime() / 1000) + steps * 30
  return generateSync({ secret: seed, epoch })
}

/** Types address and password at a door. */
export async function typePassword(
  browser: Browser,
  area: Area,
  email: string,
  password = PASSWORD,
  to = '',
): Promise<Page> {
  const page = await browser.open(`${BASE[area]}/login${to && `?to=${encodeURIComponent(to)}`}`)
  // The first form of the page is that of the passkey.
  return browser.follow(await browser.post(page.url, { csrf: csrfOf(page), email, password }))
}

/** The form token of a page. */
export function csrfOf({ text }: Pick<Page, 'text'>): string {
  return /name="csrf" value="([^"]*)"/.exec(text)?.[1] ?? ''
}
