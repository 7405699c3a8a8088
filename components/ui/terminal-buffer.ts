import type { Terminal } from '@xterm/xterm'

/** Everything the terminal still remembers as text; lines that were only wrapped are one line again. */
export function readScrollback(terminal: Pick<Terminal, 'buffer'>): string {
  const buffer = terminal.buffer.normal
  const lines: string[] = []
  for (let row = 0; row < buffer.length; row++) {
    const line = buffer.getLine(row)
    if (!line) continue
    const text = line.translateToString(true)
    if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += text
    else lines.push(text)
  }
  while (lines.at(-1) === '') lines.pop()
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

/**
 * Makes escape sequences harmless that reach beyond the screen, for what a guest prints is not to be trusted: titles
 * (OSC 0, 1, 2), links (8), working directory (7), notifications (9, 777), clipboard (52) are read and forgotten.
 */
export function ignoreReachingSequences(terminal: Pick<Terminal, 'parser'>): void {
  for (const number of [0, 1, 2, 7, 8, 9, 52, 777, 1337]) terminal.parser.registerOscHandler(number, () => true)
  // Window manipulation and reports of title and icon (XTWINOPS).
  terminal.parser.registerCsiHandler({ final: 't' }, () => true)
}

export interface BoundedWriter {
  write(data: Uint8Array): void
}

/**
 * Writes to a terminal, but drops what a guest prints faster than it can be drawn, instead of filling the browser's
 * memory. `onDropped` is told once per gap.
 */
export function boundedWriter(
  terminal: Pick<Terminal, 'write'>,
  { limit = 4 * 2 ** 20, onDropped }: { limit?: number; onDropped: () => void },
): BoundedWriter {
  let pending = 0
  let dropping = false
  return {
    write(data) {
      if (pending + data.length > limit) {
        if (!dropping) onDropped()
        dropping = true
        return
      }
      dropping = false
      pending += data.length
      terminal.write(data, () => {
        pending -= data.length
      })
    },
  }
}
