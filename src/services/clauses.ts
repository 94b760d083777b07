/**
 * What the terms of use of every service must say, in whatever words (S-09, S-19; p1 A, p2). The company names the place
 * in its own text; whoever examines the service reads that place and says whether it is equal.
 */
export const CLAUSES = [
  // p1 A: data goes to the consortium and, through it, to member companies.
  'provision_to_consortium',
  // p2 1, 2, 3: given by the customer, seen in use, and received from others with consent.
  'acquired_directly',
  'acquired_by_use',
  'acquired_from_others',
  // p2 利用目的 1–4, and 5: purposes set by the giver come first (S-13, S-14).
  'purposes',
  'purposes_of_the_giver',
  // p2: to whom, by name or by the public list of members (S-15, S-18).
  'recipients',
  'list_of_members',
  // p2: terms agreed one by one come first, never above the contract (S-17).
  'individual_terms',
  // p3: the company answers for its service, and where to ask (S-34).
  'inquiries',
] as const

export type Clause = (typeof CLAUSES)[number]

/** Clauses of services that hand nothing in need not be in their terms: only what p2 asks of a giver. */
export function isClause(text: string): text is Clause {
  return (CLAUSES as readonly string[]).includes(text)
}
