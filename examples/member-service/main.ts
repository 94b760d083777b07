/** Runs the service by itself: `ISSUER=… CLIENT_ID=… CLIENT_SECRET=… node examples/member-service/main.ts`. */
import { startMemberService } from './service.ts'

const { ISSUER = 'http://localhost:3000', CLIENT_ID, CLIENT_SECRET, PORT = '3001' } = process.env
if (!CLIENT_ID || !CLIENT_SECRET) {
  console.error('CLIENT_ID and CLIENT_SECRET are missing: the consortium gives them at onboarding.')
  process.exit(1)
}
const home = `http://localhost:${PORT}/`
const service = await startMemberService({
  port: Number(PORT),
  issuer: ISSUER,
  client: {
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    redirectUri: `${home}callback`,
    postLogoutRedirectUri: home,
  },
})
console.log(`The service is at ${service.url}`)
