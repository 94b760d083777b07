/**
 * The roles of the database (M4): an owner who migrates, the application, and auditors who read. What the application
 * may do follows from the tables themselves: where a trigger refuses a change, the right to it is taken away too.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { Knex } from 'knex'
import pg from 'pg'

/** The role the product works as. */
export type App = {
  /** postgres:// address whose user it is. */
  url: string
  /** The password is ours to set anew where the role does not accept it. */
  renew?: boolean
}

const userOf = (url: string) => decodeURIComponent(new URL(url).username)

/** Who may read everything and change nothing; a role without a password of its own, granted to people. */
export const auditorOf = (app: string) => `${app}_auditor`

/** Tables the application only reads: functions of the owner write them, or the migrator. */
const READ_ONLY = [
  'ledger_leaves',
  'ledger_pending',
  'retention_drops',
  'knex_migrations',
  'knex_migrations_lock',
]

/**
 * Makes the roles where they are missing, and gives them exactly their rights on everything there is. Writes nothing
 * where all is as it should be.
 *
 * @param db of the owner
 * @throws Error in plain words where no role is named, or one is missing that the owner may not make
 */
export async function settleRoles(db: Knex, { url, renew = false }: App): Promise<void> {
  const app = userOf(url)
  const owner = await ownerOf(db)
  if (app === '') throw new Error('DATABASE_URL names no role for the product to work as.')
  if (app === owner) return
  await makeApp(db, { app, owner, url, renew })
  const auditor = auditorOf(app)
  const audited = (await exists(db, auditor)) || (await made(db, auditor, 'nologin'))
  for (const statement of await missing(db, app, audited ? auditor : null)) await db.raw(statement)
}

async function ownerOf(db: Knex): Promise<string> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>('select current_user as name')
  return rows[0]?.name ?? ''
}

async function exists(db: Knex, role: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>('select from pg_roles where rolname = ?', [
    role,
  ])
  return rows.length > 0
}

/** @returns false where this owner may not make roles */
async function made(db: Knex, role: string, how: string): Promise<boolean> {
  try {
    await db.raw(`create role ${pg.escapeIdentifier(role)} nocreatedb nocreaterole ${how}`)
    return true
  } catch (error) {
    const { code = '' } = error as { code?: string }
    // Another database of the same server made it in this moment.
    if (code === '42710' || code === '23505') return true
    if (code === '42501') return false
    throw error
  }
}

type Making = { app: string; owner: string; url: string; renew: boolean }

async function makeApp(db: Knex, { app, owner, url, renew }: Making): Promise<void> {
  const secret = decodeURIComponent(new URL(url).password)
  const how = secret ? `login password ${pg.escapeLiteral(verifier(secret))}` : 'login'
  if (!(await exists(db, app))) {
    if (await made(db, app, how)) return
    throw new Error(
      `The database has no role ${app} (DATABASE_URL), and ${owner} may not make one: create role ${app} login password '…'`,
    )
  }
  if (renew && (await isRefused(url))) await db.raw(`alter role ${pg.escapeIdentifier(app)} ${how}`)
}

async function isRefused(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return false
  } catch (error) {
    return (error as { code?: string }).code === '28P01'
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** What PostgreSQL keeps of a password (RFC 5803): so that the password itself is in no statement and no log. */
function verifier(password: string): string {
  const [salt, rounds] = [randomBytes(16), 4096]
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, rounds, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  const server = hmac('Server Key').toString('base64')
  return `SCRAM-SHA-256$${rounds}:${salt.toString('base64')}$${stored}:${server}`
}

/** Statements that lead from the rights as they are to the rights as they should be. */
async function missing(db: Knex, app: string, auditor: string | null): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { statement: string }[] }>(RIGHTS, {
    app,
    auditor,
    readOnly: READ_ONLY,
  })
  return rows.map(({ statement }) => statement)
}

/**
 * tgtype: 8 delete, 16 update. What refuses before a term is over is deleted by a function of the owner alone. A partition of an append-only table is reached through its table alone; the partitions
 * of the queue are reached by their own names.
 */
const RIGHTS = `
  with who as (
    select oid, rolname as name, rolname <> :app as reads from pg_roles where rolname in (:app, :auditor)
  ), ours as (
    select oid, nspname as name from pg_namespace where nspname in (current_schema(), 'jobs')
  ), things as (
    select c.oid, c.relname as name, n.name as schema, c.relkind as kind, c.relacl as acl, c.relispartition as part,
      coalesce(bit_or(t.tgtype::integer), 0) as refused
    from pg_class c
    join ours n on n.oid = c.relnamespace
    left join pg_trigger t on t.tgrelid = c.oid and t.tgattr = '' and t.tgqual is null
      and t.tgfoid in (to_regproc(format('%I.refuse_change', current_schema())),
        to_regproc(format('%I.refuse_before_term', current_schema())))
    where c.relkind in ('r', 'p', 'v', 'm', 'S')
    group by c.oid, n.name
  ), wanted as (
    select who.oid as role, things.oid, unnest(case
      when kind = 'S' and reads then array['SELECT']
      when kind = 'S' then array['SELECT', 'USAGE']
      when reads then array['SELECT']
      when part and refused > 0 then '{}'
      when kind in ('v', 'm') or things.name = any(:readOnly) then array['SELECT']
      else array['SELECT', 'INSERT']
        || case when refused & 16 = 0 then array['UPDATE'] else '{}' end
        || case when refused & 8 = 0 then array['DELETE'] else '{}' end
      end) as privilege
    from who, things
  ), granted as (
    select who.oid as role, things.oid, a.privilege_type as privilege
    from things, aclexplode(things.acl) a, who where a.grantee = who.oid
  ), changes as (
    select role, oid, privilege, true as gives from (table wanted except table granted) w
    union all select role, oid, privilege, false from (table granted except table wanted) g
  )
  select format(case when changes.gives then 'grant %s on %s %I.%I to %I' else 'revoke %s on %s %I.%I from %I' end,
      string_agg(privilege, ', '), case kind when 'S' then 'sequence' else 'table' end, schema, things.name, who.name)
      as statement
  from changes join things using (oid) join who on who.oid = changes.role
  group by changes.gives, kind, schema, things.name, who.name
  union all
  select format('grant usage on schema %I to %I', ours.name, who.name) from ours, who
  where not has_schema_privilege(who.oid, ours.oid, 'usage')
  union all
  -- Partitions that the product makes later are read by auditors too.
  select format('alter default privileges in schema %I grant select on tables to %I', ours.name, who.name)
  from ours, who where who.reads and not exists (
    select from pg_default_acl d, aclexplode(d.defaclacl) a where d.defaclobjtype = 'r'
      and d.defaclrole = current_user::regrole and d.defaclnamespace = ours.oid and a.grantee = who.oid)
  union all
  select format('revoke create on schema %I from public', ours.name)
  from ours join pg_namespace n using (oid), aclexplode(n.nspacl) a
  where a.grantee = 0 and a.privilege_type = 'CREATE'
  union all
  select format('revoke create, temporary on database %I from public', datname) from pg_database
  where datname = current_database() and pg_has_role(datdba, 'usage')
    and exists (select from aclexplode(coalesce(datacl, acldefault('d', datdba))) a
      where a.grantee = 0 and a.privilege_type in ('CREATE', 'TEMPORARY'))
  union all
  select format('grant connect on database %I to %I', current_database(), who.name) from who
  where not has_database_privilege(who.oid, current_database(), 'connect')
  union all
  select format('revoke execute on function %s from public', p.oid::regprocedure)
  from pg_proc p join ours n on n.oid = p.pronamespace
  where p.prosecdef and has_function_privilege('public', p.oid, 'execute')
  union all
  select format('grant execute on function %s to %I', p.oid::regprocedure, who.name)
  from pg_proc p join ours n on n.oid = p.pronamespace, who
  where p.prosecdef and not who.reads
    and not exists (select from aclexplode(p.proacl) a where a.grantee = who.oid)`

/**
 * Whether the role of this address could change what it must not: it owns the tables or may make new ones.
 *
 * @param url postgres:// address
 */
export async function isMighty(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ mighty: boolean }>(`
      select has_schema_privilege(current_schema(), 'create')
        or exists (select from pg_class where oid = to_regclass('ledger_leaves')
          and pg_has_role(relowner, 'member')) as mighty`)
    return rows[0]?.mighty ?? true
  } finally {
    await client.end().catch(() => undefined)
  }
}
