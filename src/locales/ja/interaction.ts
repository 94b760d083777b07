export const interaction = {}
