// @vitest-environment jsdom
import { Terminal } from '@xterm/xterm'
import { describe, expect, test } from 'vitest'
import { boundedWriter, ignoreReachingSequences, readScrollback } from './terminal-buffer'

const write = (terminal: Terminal, text: string) => new Promise<void>((resolve) => terminal.write(text, resolve))

describe('what a guest prints', () => {
  test('is read back as it was printed, wrapped lines in one piece', async () => {
    const terminal = new Terminal({ cols: 10, rows: 3 })
    await write(terminal, 'abcdefghijklmnopqrstuvwxyz\r\nend\r\n\r\n')
    expect(readScrollback(terminal)).toBe('abcdefghijklmnopqrstuvwxyz\nend\n')
    terminal.dispose()
  })

  test('cannot set the title, and sequences that reach beyond the screen leave no trace on it', async () => {
    const terminal = new Terminal({ cols: 40, rows: 3 })
    const titles: string[] = []
    terminal.onTitleChange((title) => titles.push(title))
    await write(terminal, '\u001b]0;before\u0007')
    expect(titles).toEqual(['before'])
    ignoreReachingSequences(terminal)
    await write(
      terminal,
      'a\u001b]0;after\u0007b\u001b]52;c;SGFsbG8=\u0007c\u001b]8;;http://x/\u0007d\u001b]8;;\u0007\u001b[21t',
    )
    expect(titles).toEqual(['before'])
    expect(readScrollback(terminal)).toBe('abcd\n')
    terminal.dispose()
  })

  test('does not make the terminal answer with its title', async () => {
    const terminal = new Terminal({ windowOptions: { getWinTitle: true, pushTitle: true } })
    ignoreReachingSequences(terminal)
    const answers: string[] = []
    terminal.onData((data) => answers.push(data))
    await write(terminal, '\u001b[21t\u001b[18t')
    expect(answers).toEqual([])
    terminal.dispose()
  })
})

test('a flood is cut, said once, and the screen goes on afterwards', () => {
  const written: number[] = []
  const done: (() => void)[] = []
  let dropped = 0
  const writer = boundedWriter(
    {
      write: (data, callback) => {
        written.push(data.length)
        if (callback) done.push(callback)
      },
    },
    { limit: 10, onDropped: () => (dropped += 1) },
  )
  writer.write(new Uint8Array(8))
  writer.write(new Uint8Array(8))
  writer.write(new Uint8Array(8))
  expect([written, dropped]).toEqual([[8], 1])
  for (const finish of done) finish()
  writer.write(new Uint8Array(8))
  expect([written, dropped]).toEqual([[8, 8], 1])
})
