/** CSV as RFC 4180 says, for spreadsheets: UTF-8 with its mark, CRLF, and no cell that a spreadsheet would run (L5). */
import type { Ctx } from './state.ts'
import { Readable } from 'node:stream'

/** A text that begins like a formula, also behind blanks or invisible characters. */
const FORMULA = /^[\s\p{Cf}\0]*[=+\-@＝＋－＠\t\r\n]/u

/** One cell: a formula gets an apostrophe in front, and quotes where the text needs them. */
export function cell(value: string | number): string {
  const text = typeof value === 'number' ? String(value) : value.replaceAll('\0', '')
  const harmless = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** One line with its end. */
export function line(cells: readonly (string | number)[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

/**
 * Answers with a file to be kept.
 *
 * @param name file name, of ASCII letters, digits, `-` and `.`
 * @param lines each as `line` makes it; the first is the heading
 */
export function answerCsv(ctx: Ctx, name: string, lines: AsyncIterable<string>): void {
  ctx.status = 200
  ctx.type = 'text/csv; charset=utf-8; header=present'
  ctx.set('Content-Disposition', `attachment; filename="${name}"`)
  ctx.body = Readable.from(marked(lines))
}

async function* marked(lines: AsyncIterable<string>) {
  yield '\uFEFF'
  yield* lines
}
