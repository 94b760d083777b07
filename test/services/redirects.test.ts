import { describe, expect, test } from '@jest/globals'
import {
  hostsOf,
  landingFault,
  receiverFault,
  redirectFault,
} from '../../src/services/redirects.ts'

const web = { native: false, loopback: false }
const demo = { native: false, loopback: true }
const native = { native: true, loopback: false }

describe('redirect URIs of a web service (A3)', () => {
  test.each([
    'https://a.example/callback',
    'https://a.example/',
    'https://a.example:8443/callback?from=machi',
    'https://xn--p8j9a0d9c.example/callback',
  ])('%s is accepted', (uri) => {
    expect(redirectFault(uri, web)).toBeUndefined()
  })

  test.each([
    ['http://a.example/callback', 'address_not_https'],
    ['http://localhost/callback', 'address_not_https'],
    ['http://127.0.0.1:3001/callback', 'address_not_https'],
    ['https://localhost/callback', 'address_private_host'],
    ['https://sub.localhost/callback', 'address_private_host'],
    ['https://127.0.0.1/callback', 'address_number_host'],
    ['https://[::1]/callback', 'address_number_host'],
    ['https://0x7f.0.0.1/callback', 'address_not_normal'],
    ['https://192.168.1.1/callback', 'address_number_host'],
    ['https://*.a.example/callback', 'address_wildcard'],
    ['https://a.example/*', 'address_wildcard'],
    ['https://user@a.example/callback', 'address_user'],
    ['https://a.example@evil.example/callback', 'address_user'],
    ['https://a.example\\@evil.example/', 'address_user'],
    ['https://a.example/callback#x', 'address_fragment'],
    ['https://a.example/callback#', 'address_fragment'],
    ['javascript:alert(1)', 'redirect_scheme'],
    ['JavaScript:alert(1)', 'redirect_scheme'],
    ['data:text/html,x', 'redirect_scheme'],
    ['vbscript:x', 'redirect_scheme'],
    ['file:///etc/passwd', 'redirect_scheme'],
    ['jp.example.app:/callback', 'redirect_scheme'],
    ['https://a.example/callback?code=1', 'redirect_reserved_parameter'],
    ['https://a.example/callback?a=1&STATE=1', 'redirect_reserved_parameter'],
    ['https://a.example/callback?iss=x', 'redirect_reserved_parameter'],
    ['https://a.example/callback?error', 'redirect_reserved_parameter'],
    ['https://a.example/callback?%63ode=1', 'redirect_reserved_parameter'],
    ['HTTPS://a.example/callback', 'address_not_normal'],
    ['https://A.example/callback', 'address_not_normal'],
    ['https://a.example:443/callback', 'address_not_normal'],
    ['https://a.example', 'address_not_normal'],
    ['https://a.example/x/../callback', 'address_not_normal'],
    ['https://a.example/%2e/callback', 'address_not_normal'],
    [' https://a.example/callback', 'address_not_normal'],
    ['https://a.example/call back', 'address_not_normal'],
    ['/callback', 'address_not_readable'],
    ['', 'address_not_readable'],
    [`https://a.example/${'a'.repeat(500)}`, 'address_too_long'],
  ])('%s is refused: %s', (uri, rule) => {
    expect(redirectFault(uri, web)).toBe(rule)
  })

  test('demo mode accepts http on loopback, and nothing else that is not https', () => {
    expect(redirectFault('http://localhost:3001/callback', demo)).toBeUndefined()
    expect(redirectFault('http://127.0.0.1:3001/callback', demo)).toBeUndefined()
    expect(redirectFault('http://[::1]:3001/callback', demo)).toBeUndefined()
    expect(redirectFault('http://192.168.0.2:3001/callback', demo)).toBe('address_not_https')
    expect(redirectFault('http://localhost.evil.example/', demo)).toBe('address_not_https')
    expect(redirectFault('jp.example.app:/callback', demo)).toBe('redirect_scheme')
  })
})

describe('redirect URIs of a native application (RFC 8252)', () => {
  test.each([
    ['http://127.0.0.1/callback', undefined],
    ['http://[::1]:9000/callback', undefined],
    ['jp.example.app:/callback', undefined],
    ['https://app.example/callback', undefined],
    ['http://a.example/callback', 'address_not_https'],
    ['myapp:/callback', 'redirect_scheme'],
    ['javascript:alert(1)', 'redirect_scheme'],
    ['x.y:javascript', undefined],
    ['jp.example.app:/callback?code=1', 'redirect_reserved_parameter'],
  ])('%s: %s', (uri, rule) => {
    expect(redirectFault(uri, native)).toBe(rule)
  })
})

test('a landing origin is an origin and nothing more', () => {
  expect(landingFault('https://a.example', web)).toBeUndefined()
  expect(landingFault('https://a.example/', web)).toBe('landing_not_origin')
  expect(landingFault('https://a.example/x', web)).toBe('landing_not_origin')
  expect(landingFault('https://*.example', web)).toBe('address_wildcard')
  expect(landingFault('https://a.example; script-src *', web)).toBeDefined()
  expect(landingFault('http://localhost:3001', web)).toBe('address_not_https')
  expect(landingFault('http://localhost:3001', demo)).toBeUndefined()
})

test('hosts are counted with their port', () => {
  expect(hostsOf(['https://a.example/x', 'https://a.example/y']).size).toBe(1)
  expect(hostsOf(['https://a.example/x', 'https://b.example/x']).size).toBe(2)
})

describe('where events go (L8)', () => {
  test.each([
    ['https://app.example/events', undefined],
    ['https://app.example/', undefined],
    ['https://app.example', 'address_not_normal'],
    ['http://app.example/events', 'address_not_https'],
    ['https://app.example:8443/events', 'address_port'],
    ['https://app.example:443/events', 'address_not_normal'],
    ['http://localhost:3001/events', 'address_not_https'],
    ['https://localhost/events', 'address_private_host'],
    ['https://127.0.0.1/events', 'address_number_host'],
    ['https://[::1]/events', 'address_number_host'],
    ['https://[::ffff:7f00:1]/events', 'address_number_host'],
    ['https://[::ffff:127.0.0.1]/events', 'address_not_normal'],
    ['https://169.254.169.254/latest', 'address_number_host'],
    ['https://0x7f.1/events', 'address_not_normal'],
    ['https://2130706433/events', 'address_not_normal'],
    ['https://app.internal/events', 'address_private_host'],
    ['https://app.example./events', 'address_private_host'],
    ['https://app.example/events#x', 'address_fragment'],
    ['https://u:p@app.example/events', 'address_user'],
    ['ftp://app.example/events', 'address_not_https'],
    ['javascript:alert(1)', 'address_not_https'],
  ])('%s: %s', (uri, rule) => {
    expect(receiverFault(uri, web)).toBe(rule)
  })

  test('in demo mode also http on loopback, on any port, and nothing else', () => {
    expect(receiverFault('http://127.0.0.1:3001/events', demo)).toBeUndefined()
    expect(receiverFault('http://10.0.0.1:3001/events', demo)).toBe('address_not_https')
    expect(receiverFault('https://127.0.0.1:3001/events', demo)).toBe('address_number_host')
  })
})
