import type { Messages } from '../index.ts'

export const interaction: Messages['interaction'] = {}
