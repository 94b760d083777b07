import { api } from './api.ts'
import { closing } from './closing.ts'
import { consents } from './consents.ts'
import { receipts } from './receipts.ts'
import { contracts } from './contracts.ts'
import { duties } from './duties.ts'
import { events } from './events.ts'
import { forms } from './forms.ts'
import { frame } from './frame.ts'
import { history } from './history.ts'
import { incidents } from './incidents.ts'
import { interaction } from './interaction.ts'
import { notices } from './notices.ts'
import { companies } from './companies.ts'
import { members } from './members.ts'
import { services } from './services.ts'
import { deletions } from './deletions.ts'
import { desk } from './desk.ts'
import { demo } from './demo.ts'
import { onboarding } from './onboarding.ts'
import { operators } from './operators.ts'
import { people } from './people.ts'
import { policies } from './policies.ts'
import { portal } from './portal.ts'
import { registration } from './registration.ts'
import { texts } from './texts.ts'
import { stopping } from './stopping.ts'
import { welcome } from './welcome.ts'
import { refusals } from './refusals.ts'
import { reviewing } from './reviewing.ts'
import { records } from './records.ts'
import { residents } from './residents.ts'
import { retention } from './retention.ts'
import { rights } from './rights.ts'

import type { Messages } from '../index.ts'

export const all: Messages = {
  welcome,
  api,
  frame,
  forms,
  refusals,
  history,
  incidents,
  interaction,
  closing,
  consents,
  deletions,
  receipts,
  texts,
  contracts,
  duties,
  events,
  notices,
  operators,
  people,
  policies,
  portal,
  records,
  residents,
  retention,
  rights,
  members,
  companies,
  reviewing,
  services,
  demo,
  desk,
  onboarding,
  registration,
  stopping,
}
