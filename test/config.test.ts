import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { describe, expect, test } from '@jest/globals'
import { ConfigFaults, readConfig } from '../src/config.ts'
import { demoInstallation } from '../src/installation.ts'

const folder = mkdtempSync(join(tmpdir(), 'machi-id-config-'))
const file = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const installation = file('installation.json', JSON.stringify(demoInstallation))
const KEY = Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')

const production = {
  NODE_ENV: 'production',
  ISSUER: 'https://id.city.example',
  DATABASE_URL: 'postgres://db/machi',
  SMTP_URL: 'smtps://mail.city.example',
  KEY_ENCRYPTION_KEY: KEY,
  INSTALLATION_FILE: installation,
}

function faultsOf(source: Record<string, string>): string[] {
  try {
    readConfig(source)
    return []
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error
    return error.faults
  }
}

const names = (source: Record<string, string>) =>
  faultsOf(source).map((fault) => fault.split(':')[0])

describe('the configuration', () => {
  test('needs nothing on a newcomer’s machine', () => {
    const config = readConfig({})
    expect(config.port).toBe(3000)
    expect(config.issuer).toBe('http://localhost:3000')
    expect(config.databaseUrl).toBeUndefined()
    expect(readConfig({ PORT: '4100' }).issuer).toBe('http://localhost:4100')
  })

  test('reports every fault at once', () => {
    const faults = names({
      PORT: '70000',
      ISSUER: 'https://id.example/path',
      DATABASE_URL: 'mysql://x',
      SMTP_URL: 'http://x',
      KEY_ENCRYPTION_KEY: 'short',
      TRUSTED_PROXIES: 'proxy.example',
      INSTALLATION_FILE: '/does/not/exist',
    })
    expect(new Set(faults)).toEqual(
      new Set([
        'DATABASE_URL',
        'INSTALLATION_FILE',
        'ISSUER',
        'KEY_ENCRYPTION_KEY',
        'PORT',
        'SMTP_URL',
        'TRUSTED_PROXIES',
      ]),
    )
  })

  test.each(['abc', '10.0.0.0/33', '::1/129', '10.0.0.1/8/8', '10.0.0', '1.2.3.4/'])(
    '%s is no proxy whose word counts',
    (proxy) => {
      expect(faultsOf({ TRUSTED_PROXIES: `10.0.0.1, ${proxy}` })).toEqual([
        expect.stringContaining(proxy),
      ])
    },
  )

  test('accepts a whole production set', () => {
    expect(faultsOf(production)).toEqual([])
    expect(readConfig(production).keyEncryptionKey).toHaveLength(32)
  })

  test.each([
    ['ISSUER', { ISSUER: 'http://id.city.example' }],
    ['KEY_ENCRYPTION_KEY', { KEY_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64') }],
    ['KEY_ENCRYPTION_KEY', { KEY_ENCRYPTION_KEY: '' }],
    ['DATABASE_URL', { DATABASE_URL: '' }],
    ['SMTP_URL', { SMTP_URL: '' }],
    ['INSTALLATION_FILE', { INSTALLATION_FILE: '' }],
  ])('production refuses a bad or missing %s', (name, change) => {
    expect(names({ ...production, ...change })).toEqual([name])
  })

  test.each([
    'https://id.example/',
    'https://id.example/op',
    'id.example',
    'ftp://id.example',
    'https://u@id.example',
  ])('an issuer is an origin and nothing more: %s', (ISSUER) =>
    expect(names({ ISSUER })).toEqual(['ISSUER']),
  )

  test('secrets come by file too, but not twice', () => {
    const path = file('key', `${KEY}\n`)
    expect(readConfig({ KEY_ENCRYPTION_KEY_FILE: path }).keyEncryptionKey).toHaveLength(32)
    expect(names({ KEY_ENCRYPTION_KEY_FILE: path, KEY_ENCRYPTION_KEY: KEY })).toEqual([
      'KEY_ENCRYPTION_KEY',
    ])
    expect(names({ SMTP_URL_FILE: '/does/not/exist' })).toEqual(['SMTP_URL_FILE'])
  })

  test('an association before incorporation names its lead member (S-39)', () => {
    const path = file(
      'association.json',
      JSON.stringify({ ...demoInstallation, legalForm: 'association' }),
    )
    expect(faultsOf({ INSTALLATION_FILE: path }).join()).toContain('leadMember')
  })

  test('the corporate number of the own company has its check digit (S-58)', () => {
    const faults = (ownCorporateNumber: string) =>
      faultsOf({
        INSTALLATION_FILE: file(
          'own.json',
          JSON.stringify({ ...demoInstallation, ownCorporateNumber }),
        ),
      }).join()
    expect(faults('7000012050002')).not.toContain('ownCorporateNumber')
    expect(faults('1000012050002')).toContain('ownCorporateNumber')
  })
})
