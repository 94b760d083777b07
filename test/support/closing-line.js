/** A Jest reporter that ends the run with one line for machines: "12 passed, 0 failed". */
export default class ClosingLine {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = results
    // A file that does not even load has no failed tests; it counts as one, or it would pass unseen.
    const unloaded = results.testResults.filter(({ testExecError }) => testExecError).length
    const skipped = numPendingTests + numTodoTests
    const words = [`${numPassedTests} passed`, `${numFailedTests + unloaded} failed`]
    if (skipped > 0) words.push(`${skipped} skipped`)
    // Jest's own summary is written after every listed reporter, so the last word is said at the very end.
    process.once('exit', () => process.stdout.write(`\n${words.join(', ')}\n`))
  }
}
