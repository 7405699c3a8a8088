import { expect, it } from 'vitest'
import { readReturn } from './sign-in-redirect'

const kept = (page: unknown, at: unknown = 1000) => JSON.stringify({ page, at })

it('comes back to the page one was on', () => {
  expect(readReturn(kept('/c/local/hosts?q=a'), 2000)).toBe('/c/local/hosts?q=a')
})

it.each([
  ['another site', kept('//evil.example/x')],
  ['another site behind a backslash', kept('/\\evil.example')],
  ['a whole address', kept('https://evil.example')],
  ['a script', kept('javascript:alert(1)')],
  ['the sign-in page itself', kept('/sign-in?error=link')],
  ['what is no page', kept(5)],
  ['what has no time', kept('/c/local', 'now')],
  ['foreign words', 'c/local'],
])('does not go to %s', (_what, text) => {
  expect(readReturn(text, 2000)).toBeUndefined()
})

it('does not go where one was long ago', () => {
  expect(readReturn(kept('/c/local/hosts'), 1000 + 16 * 60_000)).toBeUndefined()
})
