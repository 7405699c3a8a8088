import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GuestPorts } from './guest-ports'
import { forwardAddress, lowerLoopbackGuard, raiseLoopbackGuard } from './loopback-guard'
import { Qmp } from './qemu/qmp'
import { readUserNetwork } from './qemu/user-network'
import { isRoot, machineSpec, until } from './test-agent'
import { connectUnix } from './unix-socket'

const instance = `test-ports-${process.pid}`
const guests = { first: 73_000, count: 4 }
const spec = machineSpec('ports')
const log = pino({ level: 'silent' })
let home: string
let qemu: ChildProcess
let qmp: Qmp
let gap: string | undefined

/** QEMU as a guest's own user, its network as the agent gives it, and nobody inside. */
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'chiave-ports-'))
  await chmod(home, 0o777)
  const sandbox = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'
  const monitor = `unix:${join(home, 'qmp')},server=on,wait=off`
  const netdev = 'user,id=net0,net=10.42.0.0/16,host=10.42.0.1,dns=10.42.0.2,ipv6=off'
  const arguments_ = ['-nodefaults', '-display', 'none', '-m', '16M', '-sandbox', sandbox, '-qmp', monitor]
  const nic = ['-netdev', netdev, '-device', 'virtio-net-pci,netdev=net0,romfile=']
  qemu = spawn('qemu-system-x86_64', [...arguments_, ...nic], {
    stdio: 'ignore',
    ...(isRoot ? { uid: guests.first, gid: guests.first } : {}),
  })
  gap = isRoot ? await raiseLoopbackGuard(instance, guests) : 'not root'
  let socket = await connectUnix(join(home, 'qmp')).catch(() => undefined)
  await until(async () => (socket ??= await connectUnix(join(home, 'qmp')).catch(() => undefined)) !== undefined)
  if (!socket) throw new Error('QEMU can not be reached')
  qmp = await Qmp.open(socket, () => undefined)
})

afterAll(async () => {
  qmp.close()
  qemu.kill('SIGKILL')
  if (isRoot) await lowerLoopbackGuard(instance)
  await rm(home, { recursive: true, force: true })
})

const monitor = async (line: string) => String(await qmp.execute('human-monitor-command', { 'command-line': line }))

/** What QEMU listens on, seen from outside. */
function listeners(): string[] {
  const lines = execFileSync('ss', ['-Hltunp'], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(`pid=${qemu.pid},`))
}

/** Whether a process of this user gets a connection. */
function canConnect(uid: number, port: number): boolean {
  const script = `require('net').connect(${port}, '${forwardAddress}').on('connect', () => process.exit(0)).on('error', () => process.exit(1))`
  return spawnSync(process.execPath, ['-e', script], { uid, gid: uid, timeout: 3_000 }).status === 0
}

test('a guest that does not answer is waited for as long as agreed, and nothing listens afterwards', async () => {
  const ports = new GuestPorts({ spec, log, monitor, timeout: 700 })
  const before = Date.now()
  await expect(ports.open(22, 'tcp')).rejects.toMatchObject({ code: 'TimedOut' })
  expect(Date.now() - before).toBeLessThan(3_000)
  expect(listeners()).toEqual([])
})

test('what an earlier agent left listening is closed', async () => {
  await monitor(`hostfwd_add net0 tcp:${forwardAddress}:0-10.42.1.1:22`)
  await monitor(`hostfwd_add net0 udp:${forwardAddress}:0-10.42.1.1:53`)
  expect(listeners()).toHaveLength(2)
  await new GuestPorts({ spec, log, monitor }).clear()
  expect(listeners()).toEqual([])
})

// What root can forbid to other users; a kernel without nftables tells so in its gaps.
test.runIf(isRoot)('while QEMU listens, nobody but root can connect, and no guest either', async () => {
  if (gap !== undefined) return expect(gap).toMatch(/loopback|track/)
  const tried = new Map<number, boolean>()
  const watching = async (line: string) => {
    const answer = await monitor(line)
    const open = readUserNetwork(answer).find(({ state }) => state === 'HOST_FORWARD')
    if (line === 'info usernet' && open && tried.size === 0)
      for (const uid of [65_534, 1_000, guests.first, guests.first + 1, 0]) tried.set(uid, canConnect(uid, open.port))
    return answer
  }
  const ports = new GuestPorts({ spec, log, monitor: watching, timeout: 4_000 })
  await expect(ports.open(22, 'tcp')).rejects.toMatchObject({ code: 'TimedOut' })
  expect(Object.fromEntries(tried)).toEqual({ 65_534: false, 1_000: false, 73_000: false, 73_001: false, 0: true })
})

test('datagrams share one port, which stays until the last stream has ended', async () => {
  const ports = new GuestPorts({ spec, log, monitor })
  const [one, two] = [await ports.open(5353, 'udp'), await ports.open(5353, 'udp')]
  expect(listeners()).toHaveLength(1)
  one.destroy()
  // A stream to elsewhere comes and goes meanwhile.
  const three = await ports.open(69, 'udp')
  expect(listeners()).toHaveLength(2)
  three.destroy()
  await until(() => listeners().length === 1, 'the end of the other port')
  two.destroy()
  await until(() => listeners().length === 0, 'the end of the port')
})

test('so many streams, and no more', async () => {
  const ports = new GuestPorts({ spec, log, monitor })
  const streams = await Promise.all(Array.from({ length: 64 }, () => ports.open(53, 'udp')))
  await expect(ports.open(53, 'udp')).rejects.toMatchObject({ code: 'Busy' })
  const closed = new Promise((resolve) => streams[0]?.once('close', resolve))
  ports.close()
  await closed
  expect(streams.every(({ destroyed }) => destroyed)).toBe(true)
})

test('a machine without a network has no ports', async () => {
  const ports = new GuestPorts({ spec: { ...spec, interfaces: [] }, log, monitor })
  await expect(ports.open(22, 'tcp')).rejects.toMatchObject({ code: 'Unsupported' })
})
