import { describe, expect, test } from 'vitest'
import { addUp, closingLine, countPlaywright, countVitest, withCrash } from './count-tests.mjs'

describe('counting tests', () => {
  test('a vitest file that does not load is one failure', () => {
    const report = {
      testResults: [
        { status: 'passed', assertionResults: [{ status: 'passed' }, { status: 'pending' }] },
        { status: 'failed', assertionResults: [] },
        { status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] },
      ],
    }
    expect(countVitest(report)).toEqual({ passed: 2, failed: 2, skipped: 1 })
  })

  test('an error outside of the browser tests is a failure', () => {
    const stats = { expected: 3, unexpected: 0, flaky: 1, skipped: 2 }
    expect(countPlaywright({ stats, errors: [{}] })).toEqual({ passed: 4, failed: 1, skipped: 2 })
  })

  test('a crash after nothing but successes is a failure, and is not counted twice after a failed test', () => {
    expect(withCrash({ passed: 9, failed: 0, skipped: 0 }, false).failed).toBe(1)
    expect(withCrash({ passed: 9, failed: 2, skipped: 0 }, false).failed).toBe(2)
    expect(withCrash({ passed: 9, failed: 0, skipped: 0 }, true).failed).toBe(0)
  })

  test('the closing line names skipped tests only when there are any', () => {
    const sum = addUp([
      { passed: 1, failed: 0, skipped: 0 },
      { passed: 2, failed: 1, skipped: 0 },
    ])
    expect(closingLine(sum)).toBe('3 passed, 1 failed')
    expect(closingLine({ ...sum, skipped: 4 })).toBe('3 passed, 1 failed, 4 skipped')
  })
})
