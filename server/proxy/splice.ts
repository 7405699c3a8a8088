import type { Duplex } from 'node:stream'

/** After one side has ended, the other has this long to end too. */
const lingerMs = 5_000

/**
 * Joins two sockets both ways, each as slow as the other's reader, until both are closed; the failure of one closes the
 * other. Calls `onClose` once.
 */
export function splice(one: Duplex, other: Duplex, onClose: () => void): void {
  let open = 2
  const close = () => {
    one.destroy()
    other.destroy()
  }
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to)
    // The reason of a socket's failure is the peer's; both ends learn of it by the close.
    from.on('error', close)
    from.once('end', () => setTimeout(close, lingerMs).unref())
    from.once('close', () => {
      to.end()
      open -= 1
      if (open === 1) setTimeout(close, lingerMs).unref()
      if (open === 0) onClose()
    })
  }
}
