/**
 * What the terms of use of every service must say, in whatever words (S-09, S-19; p1 A, p2). The company names the place
 * in its own text; whoever examines the service reads that place and says whether it is equal.
 */
export const CLAUSES = [
  // p2「以下データを取得」: given directly, seen in use, received from others with consent (S-12).
  'acquired',
  // p2 利用目的 1–4; purposes set by the giver come first (S-13, S-14).
  'purposes',
  // p1 A「利用目的として…へデータを提供する」 (S-09).
  'given_to_consortium',
  // p2「第三者…に対して…提供」: to whom else, by name (S-15).
  'recipients',
  // p2「名称一覧は…WebページURL」 (S-18).
  'member_list',
  // p2「個別のサービス等において別途の条件」: what comes first, never above the contract (S-17).
  'precedence',
] as const

export type Clause = (typeof CLAUSES)[number]
