import { bothLines, day } from '../members/schema.ts'
import { LIABLE, SOURCES } from './phase_model.ts'

const sources = { type: 'array', uniqueItems: true, minItems: 1, items: { enum: SOURCES } } as const
const pair = <T extends object>(of: T) =>
  ({
    type: 'object',
    additionalProperties: false,
    required: ['before', 'after'],
    properties: { before: of, after: of },
  }) as const

const common = { switchesOn: day, text: bothLines(500) } as const

/** What an operator proposes for one of the two governance phases (S-57), by axis. */
export const phaseSchemas = {
  self_running: {
    type: 'object',
    additionalProperties: false,
    required: ['axis', 'text', 'sources'],
    properties: { axis: { const: 'self_running' }, ...common, sources: pair(sources) },
  },
  incorporation: {
    type: 'object',
    additionalProperties: false,
    required: ['axis', 'text', 'provider', 'liable'],
    properties: {
      axis: { const: 'incorporation' },
      ...common,
      provider: pair(bothLines(100)),
      liable: pair({ enum: LIABLE }),
    },
  },
} as const
