// @ts-check

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/**
 * @param {readonly Tally[]} tallies
 * @returns {Tally}
 */
export function addUp(tallies) {
  return tallies.reduce(
    (sum, { passed, failed, skipped }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  )
}

/**
 * What a runner that ended badly without naming a failed test counts as: one failure.
 * @param {Tally} tally
 * @param {boolean} endedWell
 * @returns {Tally}
 */
export function withCrash(tally, endedWell) {
  return endedWell || tally.failed > 0 ? tally : { ...tally, failed: 1 }
}

/**
 * Counts vitest's JSON report. A file that could not even be loaded is a failure of its own.
 * @param {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} report
 * @returns {Tally}
 */
export function countVitest({ testResults }) {
  return addUp(
    testResults.map(({ status, assertionResults }) => {
      const passed = assertionResults.filter((test) => test.status === 'passed').length
      const failed = assertionResults.filter((test) => test.status === 'failed').length
      const skipped = assertionResults.length - passed - failed
      return { passed, failed: failed === 0 && status === 'failed' ? 1 : failed, skipped }
    }),
  )
}

/**
 * Counts Playwright's JSON report. Errors outside of tests, such as in the global set-up, are failures.
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number }, errors?: unknown[] }} report
 * @returns {Tally}
 */
export function countPlaywright({ stats, errors = [] }) {
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected + errors.length, skipped: stats.skipped }
}

/**
 * The line that a run of the tests ends with.
 * @param {Tally} tally
 */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
