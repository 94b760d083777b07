/** The shape of ids that come from outside, checked before they reach the database. */

/** JSON Schema `pattern` of a UUID. */
export const UUID_PATTERN = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
const UUID = new RegExp(UUID_PATTERN)

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}

/** What an OAuth client id of ours looks like; every other one is unknown without a look-up. */
export const CLIENT_ID_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]*$'
const CLIENT_ID = new RegExp(CLIENT_ID_PATTERN)

export function isClientId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 80 && CLIENT_ID.test(value)
}
