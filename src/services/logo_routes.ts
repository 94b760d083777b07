/** `/company/services/:id/logo`, and the pictures themselves at `/logos/<sha256>.png`, below each host's own pages (G9). */
import type { Router } from '@koa/router'
import type { Env } from '../env.ts'
import { readForm } from '../http/forms.ts'
import type { Guards } from '../http/guards.ts'
import { to } from '../http/redirect.ts'
import type { Ctx, State } from '../http/state.ts'
import { page } from '../http/views.ts'
import { Refusal } from '../refusal.ts'
import * as logos from './logos.ts'
import { headFor, own, staffOf } from './staff_doors.ts'
import { hrefOf, type Head } from './staff_pages.ts'
import { seenSchema } from './staff_schema.ts'

/** views/services/staff_logo.eta */
export type LogoPage = { head: Head; fields: Record<string, string> }

const view = page<LogoPage>('services/staff_logo')
const PATH = '/company/services/:id/logo'

export function logoRoutes(router: Router<State>, env: Env, guards: Guards): void {
  router.get(PATH, guards.staff(), async (ctx) => show(ctx, {}))
  router.post(PATH, guards.staff(), async (ctx) => {
    const { serviceId } = await own(ctx)
    const { hash } = readForm(ctx, seenSchema) as { hash: string }
    try {
      const asked = { serviceId, hash, upload: ctx.state.upload }
      await logos.saveLogo(ctx.state.env, asked, staffOf(ctx))
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'invalid_input') throw error
      return show(ctx, error.details.fields ?? {})
    }
    to(ctx, `${hrefOf(serviceId, 'about')}?saved=1`)
  })
  const doors = {
    '/logos': [],
    '/company/logos': [guards.staff()],
    '/admin/logos': [guards.operator()],
  }
  for (const [path, guard] of Object.entries(doors))
    router.get(`${path}/:file`, ...guard, async (ctx) => {
      const sha256 = /^([0-9a-f]{64})\.png$/.exec(ctx.params['file'] ?? '')?.[1]
      const png = sha256 && (await logos.logo(env, sha256))
      if (!png) throw new Refusal('not_found')
      serve(ctx, png)
    })
}

/** For ever: another picture has another address. Opened by itself it is a picture and nothing else. */
function serve(ctx: Ctx, png: Buffer): void {
  ctx.set({
    'Cache-Control': 'public, max-age=31536000, immutable',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
    'Content-Disposition': 'inline; filename="logo.png"',
    'Cross-Origin-Resource-Policy': 'same-site',
  })
  ctx.type = 'image/png'
  ctx.body = png
}

async function show(ctx: Ctx, fields: Record<string, string>): Promise<void> {
  const head = await headFor(ctx, await own(ctx), 'about')
  view(ctx, { head, fields }, { status: Object.keys(fields).length ? 422 : 200 })
}
