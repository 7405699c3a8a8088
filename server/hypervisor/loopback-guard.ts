import { spawn } from 'node:child_process'
import type { UidRange } from './guest-uids'
import { environment, findProgram } from './programs'

/** Where QEMU listens for the moment in which a port of its guest is connected to; nothing else uses it. */
export const forwardAddress = '127.42.0.1'

interface GuardStyle {
  /** What becomes of a packet that may not pass. */
  verdict: 'reject' | 'drop'
  /** Let QEMU answer who connected to it at `forwardAddress`; needs the kernel's connection tracking. */
  answers: boolean
}

/**
 * The host's loopback, kept from guests: user-mode networking connects as QEMU's user, and lets a guest reach what
 * listens on the host's 127.0.0.1 through its gateway's address. One nft table for the instance drops that; name
 * resolution stays, since the host's resolver often listens there. Only root connects to a guest's forwarded port, and
 * QEMU may answer there but begin nothing.
 */
export function guardRules(table: string, { first, count }: UidRange, { verdict, answers }: GuardStyle): string {
  const guests = `meta skuid ${first}-${first + count - 1}`
  return [
    // Adding before deleting makes the deletion succeed whether or not there was one; nft applies all of it or nothing.
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    '  chain output {',
    '    type filter hook output priority filter; policy accept;',
    `    ip daddr ${forwardAddress} meta skuid != 0 ${verdict}`,
    ...(answers ? [`    ${guests} ip saddr ${forwardAddress} ct state established ct direction reply accept`] : []),
    `    ${guests} meta l4proto { tcp, udp } th dport 53 accept`,
    `    ${guests} ip daddr 127.0.0.0/8 ${verdict}`,
    `    ${guests} ip6 daddr ::1 ${verdict}`,
    '  }',
    '}',
    '',
  ].join('\n')
}

export function guardTable(instance: string): string {
  return `chiave-${instance}`
}

/** What guests and others can do without the guard. */
export const unguarded =
  'guests can reach what listens on this host’s loopback interface, through their gateway’s address, and other users of this host can reach a guest’s port while a forward to it is being opened'

/** From best to least: a refusal tells the guest's program at once, and some kernels know neither that nor connections. */
const styles: readonly GuardStyle[] = [
  { verdict: 'reject', answers: true },
  { verdict: 'drop', answers: true },
  { verdict: 'reject', answers: false },
  { verdict: 'drop', answers: false },
]

/** Sets the rules anew; gives a sentence about what is missing when they can not be set. */
export async function raiseLoopbackGuard(instance: string, guests: UidRange): Promise<string | undefined> {
  const nft = await findProgram('nft')
  if (nft === undefined) return `nft is not installed (Debian package nftables): ${unguarded}.`
  let error: unknown
  for (const style of styles) {
    try {
      await runNft(nft, guardRules(guardTable(instance), guests, style))
      if (style.answers) return undefined
      return 'This kernel does not track connections (nf_conntrack): ports of guests can not be forwarded.'
    } catch (refusal) {
      // What the kernel says of the least demanding rules is told.
      error = refusal
    }
  }
  return `This kernel or these privileges do not allow nft rules (${error instanceof Error ? error.message : String(error)}): ${unguarded}.`
}

export async function lowerLoopbackGuard(instance: string): Promise<void> {
  const nft = await findProgram('nft')
  const table = guardTable(instance)
  if (nft !== undefined) await runNft(nft, `add table inet ${table}\ndelete table inet ${table}\n`)
}

function runNft(nft: string, rules: string): Promise<void> {
  const child = spawn(nft, ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'], env: environment(), timeout: 10_000 })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(0, 300)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(words.split('\n')[0] || `nft ended with ${code}`)),
    )
    child.stdin.on('error', reject)
    child.stdin.end(rules)
  })
}
