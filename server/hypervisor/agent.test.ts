import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hypervisor, HypervisorEvent } from '@/server/operator/engine/hypervisor-port'
import { runFiles } from './qemu/command-line'
import { Qmp } from './qemu/qmp'
import { readRunState } from './qemu/run-state'
import { connectHypervisor } from './remote-hypervisor'
import { isRoot, machineSpec, readUntil, TestAgent, until, untilPhase, untilPrinted } from './test-agent'
import { connectUnix } from './unix-socket'

const done = new AbortController()
const events: HypervisorEvent[] = []
let bench: TestAgent
/** The agent as it is shipped: one bundle. */
let program: string
let agent: ChildProcess
let hypervisor: Hypervisor

async function startAgentProcess(): Promise<void> {
  agent = spawn(process.execPath, [program, JSON.stringify(bench.options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { stdout } = agent
  if (!stdout) throw new Error('no output')
  await new Promise<void>((resolve, reject) => {
    stdout.once('data', () => resolve())
    agent.once('exit', (code) => reject(new Error(`the agent ended with ${code}`)))
  })
}

async function killAgent(): Promise<void> {
  if (agent.exitCode !== null || agent.signalCode !== null) return
  const ended = new Promise((resolve) => agent.once('exit', resolve))
  agent.kill('SIGKILL')
  await ended
}

async function restartAgent(): Promise<void> {
  const before = events.filter(({ type }) => type === 'reconnected').length
  await startAgentProcess()
  await until(() => events.filter(({ type }) => type === 'reconnected').length > before, 'the new connection')
}

beforeAll(async () => {
  bench = await TestAgent.prepare()
  program = join(bench.home, 'agent.mjs')
  buildSync({
    entryPoints: [fileURLToPath(new URL('./test-agent-process.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // Packages written for CommonJS call it.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  await startAgentProcess()
  hypervisor = connectHypervisor({
    socketPath: bench.options.socketPath,
    log: pino({ level: 'silent' }),
    signal: done.signal,
  })
  hypervisor.subscribe((event) => events.push(event), done.signal)
})

afterAll(async () => {
  done.abort()
  await killAgent()
  // One more adopts what is left, and clears it away.
  await bench.startHere()
  await bench.stop()
})

describe('an agent', () => {
  test('tells what the host is and can do', async () => {
    const host = await hypervisor.host()
    expect(host).toMatchObject({
      nodeName: 'node-1',
      confinement: { sandbox: true, uidPerGuest: isRoot },
      network: { mode: 'user' },
    })
    expect(host.machineTypes).toContain('q35')
    expect(host.qemuVersion).toMatch(/^\d+\.\d+/)
    expect(host.memoryAvailableBytes).toBeLessThanOrEqual(host.memoryBytes)
    expect(host.storage.availableBytes).toBeGreaterThan(0)
    if (host.accelerator === 'tcg') expect(host.emulationReason).toMatch(/\.$/)
    expect(statSync(bench.options.socketPath).mode & 0o777).toBe(0o600)
  })

  test('killed with -9 leaves guests running, and the next one adopts them with their consoles', async () => {
    await bench.createGuestDisk('kept-disk', 'ADOPTED1', hypervisor)
    const { pid, startedAt } = await hypervisor.startMachine(machineSpec('kept'))
    await untilPrinted(hypervisor, 'kept', 'ready ADOPTED1')
    const serial = await hypervisor.openStream('kept', 'serial')
    serial.write('t')
    const before = /ticks (\w{8})/.exec(await readUntil(serial, '\n'))?.[1] ?? ''
    await killAgent()
    await expect(hypervisor.machines()).rejects.toMatchObject({ code: 'Unavailable' })
    expect(existsSync(`/proc/${pid}`)).toBe(true)
    await restartAgent()
    expect(await hypervisor.machine('kept')).toMatchObject({ phase: 'running', pid, startedAt })
    expect((await hypervisor.disk('kept-disk'))?.inUseBy).toBe('kept')
    const again = await hypervisor.openStream('kept', 'serial')
    again.write('t')
    const after = /ticks (\w{8})/.exec(await readUntil(again, '\n'))?.[1] ?? ''
    expect(Number.parseInt(after, 16)).toBeGreaterThan(Number.parseInt(before, 16))
    await readUntil(await hypervisor.openStream('kept', 'vnc'), 'RFB')
    expect((await hypervisor.startMachine(machineSpec('kept'))).pid).toBe(pid)
    await hypervisor.powerdown('kept')
    await untilPhase(hypervisor, 'kept', 'shutdown')
  })

  test('learns what happened while there was none', async () => {
    await Promise.all(
      ['off', 'died', 'reused', 'rebooted', 'unwritten', 'soft'].map(async (id) => {
        await bench.createGuestDisk(`${id}-disk`, undefined, hypervisor)
        await hypervisor.startMachine(machineSpec(id))
        await untilPrinted(hypervisor, id, 'ready')
      }),
    )
    const pids = new Map((await hypervisor.machines()).map(({ id, pid }) => [id, pid ?? 0]))
    // A paused guest sees the pressed button only when it goes on, here without an agent.
    await hypervisor.pause('soft')
    await hypervisor.softReboot('soft')
    await killAgent()
    const monitor = await Qmp.open(await connectUnix(runFile('soft', runFiles.qmp)), () => undefined)
    await monitor.execute('cont')
    await until(async () => (await readRunState((command) => monitor.execute(command))).phase === 'shutdown')
    monitor.close()
    const serial = await connectUnix(runFile('off', runFiles.serial))
    serial.end('o')
    for (const id of ['died', 'reused', 'rebooted']) process.kill(pids.get(id) ?? 0, 'SIGKILL')
    await until(() => ['died', 'reused', 'rebooted'].every((id) => !isRunning(pids.get(id))))
    // As if the pid had come to belong to another process, here this one.
    await changeRecord('reused', (record) => ({ ...record, qemu: { ...record.qemu, pid: process.pid } }))
    await changeRecord('rebooted', (record) => ({ ...record, qemu: { ...record.qemu, bootId: 'another' } }))
    await rm(join(bench.machineDirectory('unwritten'), 'process.json'))
    await restartAgent()
    await untilPhase(hypervisor, 'off', 'shutdown')
    await untilPhase(hypervisor, 'died', 'crashed')
    await untilPhase(hypervisor, 'reused', 'crashed')
    await hypervisor.kill('reused')
    await untilPhase(hypervisor, 'rebooted', 'gone')
    expect(await untilPhase(hypervisor, 'unwritten', 'running')).toMatchObject({ pid: pids.get('unwritten') })
    await until(async () => (await hypervisor.serialLog('soft', 4096)).split('ready').length === 3, 'the reboot')
    expect((await hypervisor.disk('died-disk'))?.inUseBy).toBeUndefined()
  }, 60_000)

  test('closes what one before it left open of a guest’s ports', async () => {
    await bench.createGuestDisk('ports-disk', undefined, hypervisor)
    const { pid } = await hypervisor.startMachine(machineSpec('ports'))
    const listening = () =>
      execFileSync('ss', ['-Hltunp'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes(`pid=${pid},`))
    const stream = await hypervisor.openPort({ id: 'ports', port: 53, protocol: 'udp' })
    expect(listening()).toHaveLength(1)
    const closed = new Promise((resolve) => stream.once('close', resolve))
    await killAgent()
    await closed
    expect(listening()).toHaveLength(1)
    await restartAgent()
    await until(() => listening().length === 0, 'the end of the port')
  })

  test('takes up a start that was broken off before the guest was let run', async () => {
    await bench.createGuestDisk('halfway-disk', undefined, hypervisor)
    const { pid } = await hypervisor.startMachine(machineSpec('halfway', { startPaused: true }))
    await killAgent()
    await changeRecord('halfway', (record) => ({ ...record, released: false }))
    const spec = join(bench.machineDirectory('halfway'), 'spec.json')
    await writeFile(spec, readFileSync(spec, 'utf8').replace('"startPaused": true', '"startPaused": false'))
    await restartAgent()
    expect(await untilPhase(hypervisor, 'halfway', 'running')).toMatchObject({ pid })
    await untilPrinted(hypervisor, 'halfway', 'ready')
  })

  test('is not kept from serving by a damaged machine', async () => {
    const directory = bench.machineDirectory('halfway')
    await killAgent()
    await rename(join(directory, 'launch.json'), join(directory, 'launch.kept'))
    await writeFile(join(directory, 'launch.json'), 'not json')
    await restartAgent()
    expect((await hypervisor.machine('unwritten'))?.phase).toBe('running')
    await killAgent()
    await rename(join(directory, 'launch.kept'), join(directory, 'launch.json'))
    await restartAgent()
    expect((await hypervisor.machine('halfway'))?.phase).toBe('running')
  })

  test('refuses to serve where another one does', async () => {
    const second = spawn(process.execPath, [program, JSON.stringify(bench.options)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let words = ''
    second.stderr.on('data', (chunk: Buffer) => {
      words += chunk.toString()
    })
    await new Promise((resolve) => second.once('exit', resolve))
    expect(words).toContain('already serves')
    expect((await hypervisor.machine('unwritten'))?.phase).toBe('running')
  })
})

function runFile(id: string, name: string): string {
  return join(bench.machineDirectory(id), 'run', name)
}

function isRunning(pid: number | undefined): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

interface RecordOnDisk {
  qemu: { pid: number; bootId: string }
  released: boolean
}

async function changeRecord(id: string, change: (record: RecordOnDisk) => RecordOnDisk): Promise<void> {
  const path = join(bench.machineDirectory(id), 'process.json')
  await writeFile(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as RecordOnDisk)))
}
