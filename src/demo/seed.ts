import { atomically, type Env } from '../env.ts'
import * as members from '../members/actions.ts'
import * as operators from '../operators/actions.ts'
import * as residents from '../residents/actions.ts'
import { ID_TERMS } from '../residents/model.ts'
import * as services from '../services/actions.ts'
import { CORPORATE_NUMBERS, onboardingFile, termAt, yearAt } from './companies.ts'
import { OPERATORS, residentsOf, STAFF, type DemoResident } from './people.ts'
import * as store from './store.ts'

/** The port the demo's services follow: that of the issuer, else the one this process listens on. */
export function portOf({ config }: Env): number {
  return Number(new URL(config.issuer).port) || config.port
}

/**
 * Marks an empty database as a demo and fills it: three companies with five services, eight residents, operators and
 * staff. One transaction: it is there whole or not at all.
 */
export function seed(env: Env): Promise<void> {
  return atomically(env, async (env) => {
    await store.insertMark(env.db, true, env.now())
    const file = JSON.stringify(onboardingFile(env.now(), portOf(env)))
    await services.onboard(env, file, { loopback: true })
    for (const resident of residentsOf(yearAt(env.now()))) await enrol(env, resident)
    const endsOn = termAt(env.now()).to
    for (const { password, ...operator } of OPERATORS) {
      const passwordHash = await residents.passwordHash(env, password)
      await operators.enrol(env, { ...operator, passwordHash, endsOn })
    }
    for (const { password, company, ...person } of STAFF) {
      const passwordHash = await residents.passwordHash(env, password)
      const corporateNumber = CORPORATE_NUMBERS[company] ?? ''
      await members.enrolStaff(env, { ...person, corporateNumber, passwordHash })
    }
  })
}

async function enrol(env: Env, resident: DemoResident): Promise<void> {
  const { email, password, profile, language, provision } = resident
  const { version } = env.templates.inForce(ID_TERMS, env.now())
  const { id } = await residents.enrol(env, {
    email,
    password,
    profile,
    language,
    agreed: { provision, collection: undefined },
    shown: { at: env.now(), language, version },
    address: undefined,
  })
  if (language !== 'ja') await residents.setLanguage(env, id, language)
}
