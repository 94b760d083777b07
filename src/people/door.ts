/** What console and portal differ in where somebody signs in; app.ts hands it over, since their rooms stand to the right. */
import type { Env } from '../env.ts'
import type { Middleware } from '../http/state.ts'
import type { Area } from './model.ts'

export type Door = {
  area: Area
  base: '/admin' | '/company'
  cookie: { readonly name: string; readonly path: string }
  /** Whether the rights of this account stand now (J5, J9). */
  isInOffice: (env: Env, holderId: string) => Promise<boolean>
  /** Anybody who is signed in there. */
  guard: Middleware
}
