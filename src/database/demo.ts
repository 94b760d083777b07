/** Whether this is a demo: a mark the database bears, which every room may ask for and only the demo sets. */
import type { Knex } from 'knex'
import type { Env } from '../env.ts'

/** Whether this database was marked as a demo; undefined where it was not marked at all yet. */
export async function demoMark(db: Knex): Promise<boolean | undefined> {
  const row = await db('installation').first<{ demo: boolean } | undefined>('demo')
  return row?.demo
}

/** Demo mode: the database's mark, together with NODE_ENV other than production. */
export async function isDemo({ db, config }: Pick<Env, 'db' | 'config'>): Promise<boolean> {
  return !config.production && (await demoMark(db)) === true
}
