/** Who runs the installation, on every page: the governance phase in force decides, by the clock (S-39, S-57). */
import type { Env } from '../env.ts'
import type { Middleware } from '../http/state.ts'
import { faultOf } from '../log.ts'
import { phaseOf, siteIn, type PhaseRow } from './phase_model.ts'
import * as store from './store.ts'

/** How long a decided phase may stay unseen by a node. The day of a switch is read at each use. */
const KEPT_MS = 1000

/**
 * Fills `ctx.state.site`. Phases change once in years, so each node reads them once a second at most; where they cannot
 * be read, the page shows what was read last, else what the settings file says.
 */
export function shownSite(): Middleware {
  let rows: PhaseRow[] = []
  let readAt: Date | undefined
  return async (ctx, next) => {
    const { env } = ctx.state
    const at = env.now()
    if (!readAt || Math.abs(at.getTime() - readAt.getTime()) >= KEPT_MS) {
      readAt = at
      rows = (await read(env)) ?? rows
    }
    ctx.state.site = siteIn(phaseOf('incorporation', rows, at), env.config.installation)
    await next()
  }
}

async function read(env: Env): Promise<PhaseRow[] | undefined> {
  try {
    return (await store.phaseRows(env.db)) as PhaseRow[]
  } catch (error) {
    env.log.warn({ event: 'phases_not_read', ...faultOf(error) })
    return undefined
  }
}
