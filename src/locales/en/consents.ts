import type { Messages } from '../index.ts'

export const consents: Messages['consents'] = {}
