/** Which letters are wanted: an unticked box sends nothing. */
export const wantedSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { digest: { const: 'on' }, reminder: { const: 'on' } },
} as const
