import type { Env } from '../env.ts'
import type { Catalogue } from './model.ts'
import * as store from './store.ts'

/** The catalogue in force (S-13, S-21…S-25): newest version of each item and purpose, in catalogue order. */
export function catalogue(env: Env): Promise<Catalogue> {
  return store.newest(env.db)
}
