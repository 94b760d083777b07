/** A Jest reporter that ends the run with one line for machines: "12 passed, 0 failed". */
export default class ClosingLine {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = results
    // A file that does not even load has no failed tests; it counts as one, or it would pass unseen.
    const failed =
      numFailedTests + results.testResults.filter(({ testExecError }) => testExecError).length
    const skipped = numPendingTests + numTodoTests
    const words = [`${numPassedTests} passed`, `${failed} failed`]
    if (skipped > 0) words.push(`${skipped} skipped`)
    process.stdout.write(`\n${words.join(', ')}\n`)
  }
}
