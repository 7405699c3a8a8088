import { execFileSync, spawnSync } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { forwardAddress, lowerLoopbackGuard, raiseLoopbackGuard } from './loopback-guard'
import { isRoot } from './test-agent'

const instance = `test-guard-${process.pid}`
const guests = { first: 72_000, count: 4 }

afterAll(async () => {
  if (isRoot) await lowerLoopbackGuard(instance)
})

/** Whether a process of this user can connect to a port on loopback, as user-mode networking would for a guest. */
function canConnect(uid: number, port: number, localAddress = '127.0.0.1'): boolean {
  const target = JSON.stringify({ port, host: '127.0.0.1', localAddress })
  const script = `require('net').connect(${target}).on('connect', () => process.exit(0)).on('error', () => process.exit(1))`
  return spawnSync(process.execPath, ['-e', script], { uid, gid: uid, timeout: 3_000 }).status === 0
}

// The point is what root can forbid to other users.
test.runIf(isRoot)('guests’ users can not reach the host’s loopback, others can, and it leaves no trace', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  try {
    expect(canConnect(72_001, port)).toBe(true)
    const gap = await raiseLoopbackGuard(instance, guests)
    // Kernels without nftables can not; then the gap says so.
    if (gap !== undefined) return expect(gap).toMatch(/loopback/)
    expect(await raiseLoopbackGuard(instance, guests)).toBeUndefined()
    expect(canConnect(72_000, port)).toBe(false)
    expect(canConnect(72_003, port)).toBe(false)
    // Answers may come from there, and nothing else.
    expect(canConnect(72_003, port, forwardAddress)).toBe(false)
    expect(canConnect(72_004, port)).toBe(true)
    expect(canConnect(0, port)).toBe(true)
    await lowerLoopbackGuard(instance)
    expect(canConnect(72_000, port)).toBe(true)
    await lowerLoopbackGuard(instance)
    expect(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' })).not.toContain(instance)
  } finally {
    server.close()
  }
})
