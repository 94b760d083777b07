/** 個人番号 is never taken, in any field (I-39). */

/** Weights of the 11 digits of an individual number, from the left (総務省令 平成26年第85号, art. 5). */
const WEIGHTS = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]

/**
 * Whether a text holds twelve digits in a row (single spaces or hyphens between them allowed) whose last is the check
 * digit of an individual number (マイナンバー): it is never taken, in any field (I-39).
 */
export function hasIndividualNumber(text: string): boolean {
  const found = text.normalize('NFKC').matchAll(/(?<!\d)\d(?:[ \-‐−]?\d){11}(?!\d)/gu)
  return [...found].some(([run]) => {
    const digits = Array.from(run.replace(/\D/g, ''), Number)
    const rest = WEIGHTS.reduce((sum, weight, n) => sum + weight * (digits[n] ?? 0), 0) % 11
    return digits[11] === (rest <= 1 ? 0 : 11 - rest)
  })
}
