/** The environment read once. All faults are reported together; secrets also come by `<NAME>_FILE`. */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { demoInstallation, installationFaults, type Installation } from './installation.ts'

export type Config = {
  production: boolean
  port: number
  /** Origin of the product, no path, no trailing slash. Every link is built from it (H20). */
  issuer: string
  /** Origins of the operators' console and of the companies' portal: the issuer's unless set (G9). */
  adminOrigin: string
  companyOrigin: string
  dataDir: string
  /** Absent: the embedded PostgreSQL in `dataDir`. */
  databaseUrl: string | undefined
  /** The owner of the tables, who alone migrates; absent: whoever runs `npm run migrate`, or the role of databaseUrl. */
  migrationDatabaseUrl: string | undefined
  /** One role that owns what it writes is accepted, also in production (M4). */
  oneDatabaseRole: boolean
  /** Absent: mails are kept for /dev/mail in demo mode, and nothing is sent. */
  smtpUrl: string | undefined
  /** 32 bytes; absent outside production: the key file in `dataDir`. */
  keyEncryptionKey: Buffer | undefined
  /** Addresses or CIDR blocks whose X-Forwarded-* count. */
  trustedProxies: string[]
  /** Hosts that services may be called at although they are not public or not https: development only (L8, M12). */
  allowedPrivateHosts: string[]
  /** Where signed states of the ledger are kept outside the database; absent: nowhere (security.md §3). */
  ledgerAnchorDir: string | undefined
  installation: Installation
}

export class ConfigFaults extends Error {
  readonly faults: string[]
  constructor(faults: string[]) {
    super(
      `The configuration has ${faults.length} fault(s):\n${faults.map((f) => `  - ${f}`).join('\n')}`,
    )
    this.faults = faults
  }
}

type Source = Record<string, string | undefined>

const POSTGRES = ['postgres:', 'postgresql:']

/**
 * Reads the configuration.
 *
 * @param source usually process.env
 * @throws ConfigFaults naming every fault
 */
export function readConfig(source: Source = process.env): Config {
  const faults: string[] = []
  const secret = (name: string) => readSecret(source, name, faults)
  const production = source['NODE_ENV'] === 'production'
  const port = readPort(source['PORT'], faults)
  const issuer = source['ISSUER'] ?? `http://localhost:${port}`
  const surface = (name: string, text: string | undefined) =>
    text ? readOrigin(name, text, production, faults) : issuer
  const config: Config = {
    production,
    port,
    issuer: readOrigin('ISSUER', issuer, production, faults),
    adminOrigin: surface('ADMIN_ORIGIN', source['ADMIN_ORIGIN']),
    companyOrigin: surface('COMPANY_ORIGIN', source['COMPANY_ORIGIN']),
    dataDir: resolve(source['DATA_DIR'] || './.data'),
    databaseUrl: readUrl('DATABASE_URL', secret('DATABASE_URL'), POSTGRES, faults),
    migrationDatabaseUrl: readUrl(
      'MIGRATION_DATABASE_URL',
      secret('MIGRATION_DATABASE_URL'),
      POSTGRES,
      faults,
    ),
    oneDatabaseRole: source['ACCEPT_ONE_DATABASE_ROLE'] === 'yes',
    smtpUrl: readUrl('SMTP_URL', secret('SMTP_URL'), ['smtp:', 'smtps:'], faults),
    keyEncryptionKey: readKey(secret('KEY_ENCRYPTION_KEY'), production, faults),
    trustedProxies: list(source['TRUSTED_PROXIES']),
    allowedPrivateHosts: list(source['ALLOWED_PRIVATE_HOSTS']),
    ledgerAnchorDir: source['LEDGER_ANCHOR_DIR'] ? resolve(source['LEDGER_ANCHOR_DIR']) : undefined,
    installation: readInstallation(source['INSTALLATION_FILE'], production, faults),
  }
  if (production && !config.databaseUrl) faults.push('DATABASE_URL: required in production')
  if (config.migrationDatabaseUrl && !config.databaseUrl)
    faults.push('MIGRATION_DATABASE_URL: given without DATABASE_URL')
  if (production && !config.smtpUrl) faults.push('SMTP_URL: required in production')
  if (production && config.allowedPrivateHosts.length)
    faults.push('ALLOWED_PRIVATE_HOSTS: for development only')
  for (const name of ['adminOrigin', 'companyOrigin'] as const) {
    if (config[name].split(':')[0] !== config.issuer.split(':')[0])
      faults.push('ADMIN_ORIGIN, COMPANY_ORIGIN: http or https as ISSUER')
  }
  for (const proxy of config.trustedProxies) {
    if (!isAddressOrBlock(proxy))
      faults.push(`TRUSTED_PROXIES: "${proxy}" is no IP address or CIDR block`)
  }
  if (faults.length) throw new ConfigFaults(faults)
  return config
}

const list = (text = '') =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)

function isAddressOrBlock(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/')
  const bits = isIP(address) === 6 ? 128 : 32
  if (isIP(address) === 0 || more.length) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
}

function readSecret(source: Source, name: string, faults: string[]): string | undefined {
  const file = source[`${name}_FILE`]
  if (!file) return source[name] || undefined
  if (source[name]) faults.push(`${name}: given twice, as ${name} and as ${name}_FILE`)
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    faults.push(`${name}_FILE: cannot be read`)
    return undefined
  }
}

function readPort(text: string | undefined, faults: string[]): number {
  if (!text) return 3000
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) faults.push('PORT: a number from 1 to 65535')
  return port
}

function readOrigin(name: string, text: string, production: boolean, faults: string[]): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol) || text !== url.origin) {
    faults.push(`${name}: an origin such as https://id.example.jp, without path or trailing slash`)
  } else if (production && url.protocol !== 'https:') {
    faults.push(`${name}: https is required in production`)
  }
  return text
}

function readUrl(name: string, text: string | undefined, protocols: string[], faults: string[]) {
  if (text && !(URL.canParse(text) && protocols.includes(new URL(text).protocol))) {
    faults.push(`${name}: an address beginning with ${protocols.join(' or ')}//`)
  }
  return text
}

function readKey(
  text: string | undefined,
  production: boolean,
  faults: string[],
): Buffer | undefined {
  if (!text) {
    if (production)
      faults.push('KEY_ENCRYPTION_KEY: required in production (32 random bytes in base64)')
    return undefined
  }
  const key = Buffer.from(text, 'base64')
  if (key.length !== 32) faults.push('KEY_ENCRYPTION_KEY: 32 bytes in base64')
  else if (production && new Set(key).size < 8)
    faults.push('KEY_ENCRYPTION_KEY: this is a default or patterned key')
  return key
}

function readInstallation(
  file: string | undefined,
  production: boolean,
  faults: string[],
): Installation {
  if (!file) {
    if (production)
      faults.push('INSTALLATION_FILE: required in production (who runs this installation)')
    return demoInstallation
  }
  try {
    const parsed = JSON.parse(readFileSync(file, 'utf8')) as Installation
    faults.push(...installationFaults(parsed).map((fault) => `INSTALLATION_FILE: ${fault}`))
    return parsed
  } catch {
    faults.push('INSTALLATION_FILE: cannot be read as JSON')
    return demoInstallation
  }
}
