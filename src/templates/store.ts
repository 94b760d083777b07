import type { Knex } from 'knex'
import type { Language } from '../locales/index.ts'
import type { Template } from './model.ts'

/** Inserts a version where it is new; returns the hash under which it was first met. */
export async function register(
  db: Knex,
  template: Template,
  language: Language,
  now: Date,
): Promise<Buffer> {
  const key = { template: template.template, version: template.version, language }
  await db('template_versions')
    .insert({
      ...key,
      sha256: template.hash[language],
      effective_on: template.effectiveOn,
      first_seen_at: now,
    })
    .onConflict(['template', 'version', 'language'])
    .ignore()
  const row = await db('template_versions').where(key).first<{ sha256: Buffer }>('sha256')
  return row.sha256
}

/** `template/version` of every version this database ever met. */
export async function published(db: Knex): Promise<string[]> {
  const rows = await db('template_versions').distinct<{ template: string; version: number }[]>(
    'template',
    'version',
  )
  return rows.map(({ template, version }) => `${template}/${version}`)
}

/** `template/version` of every version somebody agreed to. Reads every consent: only where a version is missing. */
export async function agreedTo(db: Knex): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(
    `select distinct template || '/' || template_version as name from consents
     union select distinct template || '/' || template_version from resident_terms`,
  )
  return rows.map(({ name }) => name)
}

type Version = Pick<Template, 'template' | 'version'>

/** Holds the telling of a version until the transaction ends; undefined where it is finished or another node holds it. */
export async function holdTelling(
  db: Knex,
  { template, version }: Version,
  at: Date,
): Promise<{ after: string | null } | undefined> {
  await db('text_tellings')
    .insert({ template, version, begun_at: at })
    .onConflict(['template', 'version'])
    .ignore()
  return db('text_tellings')
    .where({ template, version })
    .whereNull('finished_at')
    .forUpdate()
    .skipLocked()
    .first<{ after: string | null } | undefined>('after')
}

/** How far the telling has come. */
export async function moveTelling(
  db: Knex,
  { template, version }: Version,
  moved: { after: string } | { finishedAt: Date },
): Promise<void> {
  await db('text_tellings')
    .where({ template, version })
    .update('after' in moved ? { after: moved.after } : { finished_at: moved.finishedAt })
}
