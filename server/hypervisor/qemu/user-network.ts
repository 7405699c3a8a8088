/** A socket of QEMU's user-mode networking, as `info usernet` lists it. */
export interface UserNetworkSocket {
  protocol: 'tcp' | 'udp'
  /** `HOST_FORWARD` while it listens on the host; otherwise the state of the connection to the guest, e.g. `SYN_SENT`. */
  state: string
  /** On the host for what came from there, in the guest for the rest. */
  address: string
  port: number
}

const line = /^ *(TCP|UDP)\[([^\]]+)\] +-?\d+ +(\S+) +(\d+) +\S+ +\d+ +\d+ +\d+\r?$/gm

/** Reads the answer of the monitor's `info usernet`; lines of other shapes are passed over. */
export function readUserNetwork(text: string): UserNetworkSocket[] {
  return [...text.matchAll(line)].map(([, protocol, state = '', address = '', port]) => ({
    protocol: protocol === 'TCP' ? 'tcp' : 'udp',
    state,
    address,
    port: Number(port),
  }))
}
