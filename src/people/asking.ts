/** What a page needs to ask for a passkey or to set up an app. */
import { csrfToken, readForm } from '../http/forms.ts'
import type { Ctx } from '../http/state.ts'
import { messages } from '../locales/index.ts'
import type { Door } from './door.ts'
import { factorsOf, offeredSeed } from './factors.ts'
import type { Holder } from './model.ts'
import type { Ceremony, SeedShown } from './pages.ts'
import { creationOptions, requestOptions, type Asking } from './passkeys.ts'
import { passkeySchema } from './schema.ts'
import { qrPath, seedUri } from './totp.ts'

/** Who asks for what in this browser. */
export function asking(
  ctx: Ctx,
  { area }: Door,
  ceremony: Asking['ceremony'],
  about: string,
): Asking {
  return { area, ceremony, about, browser: csrfToken(ctx) }
}

/** To sign in, by any passkey that the browser knows for us. */
export async function signInCeremony(ctx: Ctx, door: Door, failed: boolean): Promise<Ceremony> {
  return { options: await requestOptions(ctx.state.env, asking(ctx, door, 'sign_in', '')), failed }
}

/** To make a new passkey; `about` is the invitation or the holder. */
export async function enrolCeremony(
  ctx: Ctx,
  door: Door,
  { holder, about, failed }: { holder: Holder; about: string; failed: boolean },
): Promise<Ceremony> {
  const { env, language } = ctx.state
  const { passkeys } = await factorsOf(env, door.area, holder.id)
  const whose = { ...holder, passkeys }
  const { brand } = messages[language].frame
  const options = await creationOptions(env, asking(ctx, door, 'enrol', about), whose, brand)
  return { options, failed }
}

/** The credential that the form carries; empty where the browser gave none. */
export function credentialIn(ctx: Ctx): string {
  return readForm(ctx, passkeySchema).credential
}

/** A seed to set up an app with; the one of the form again where it was filled in. */
export function seedShown(ctx: Ctx, { area }: Door, { id, email }: Holder): SeedShown {
  const { env, language } = ctx.state
  const sent = ctx.state.body?.['seed']
  const whose = { area, holderId: id }
  const offered = offeredSeed(
    env,
    whose,
    csrfToken(ctx),
    typeof sent === 'string' ? sent : undefined,
  )
  const uri = seedUri(offered.seed, { issuer: messages[language].frame.brand, label: email })
  const seed = offered.seed.replace(/(.{4})(?=.)/g, '$1 ')
  return { ...qrPath(uri), seed, sealed: offered.sealed }
}
