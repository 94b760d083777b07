import pg from 'pg'

/** Drops the database that test files were copied from, and leaves the server. */
export default async function tearDown() {
  const { serverUrl, template, stop } = globalThis.machiTestServer
  const server = new pg.Client({ connectionString: serverUrl })
  await server.connect()
  await server.query(`drop database if exists ${template} with (force)`)
  await server.end()
  await stop()
}
