import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HypervisorEvent } from '@/server/operator/engine/hypervisor-port'
import { pngFromPpm } from './png'
import { isRoot, machineSpec, readUntil, TestAgent, until, untilPhase, untilPrinted } from './test-agent'

let bench: TestAgent

beforeAll(async () => {
  bench = await TestAgent.start()
})

afterAll(() => bench.stop())

async function startGuest(id: string, changes: Parameters<typeof machineSpec>[1] = {}, marker?: string) {
  await bench.createGuestDisk(`${id}-disk`, marker)
  return bench.hypervisor.startMachine(machineSpec(id, changes))
}

function status(pid: number | undefined): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8')
}

describe('a machine', () => {
  test('runs, pauses, resumes and resets', async () => {
    const { hypervisor } = bench
    const started = await startGuest('life')
    expect(started).toMatchObject({ id: 'life', phase: 'running', accelerator: 'tcg' })
    await untilPrinted(hypervisor, 'life', 'ready MARKER01')
    await hypervisor.pause('life')
    expect((await hypervisor.machine('life'))?.phase).toBe('paused')
    const before = (await hypervisor.machine('life'))?.cpuSeconds
    await sleep(200)
    expect((await hypervisor.machine('life'))?.cpuSeconds).toBeCloseTo(before ?? -1, 1)
    await hypervisor.resume('life')
    expect((await hypervisor.machine('life'))?.phase).toBe('running')
    await hypervisor.reset('life')
    await until(async () => (await hypervisor.serialLog('life', 4096)).split('ready').length === 3)
    const again = await hypervisor.startMachine(machineSpec('life'))
    expect(again.pid).toBe(started.pid)
    expect(again.residentBytes).toBeGreaterThan(2 ** 20)
  })

  test('that powers itself off is seen as shut down and gives back its disk', async () => {
    const { hypervisor } = bench
    await startGuest('orderly')
    await untilPrinted(hypervisor, 'orderly', 'ready')
    expect((await hypervisor.disk('orderly-disk'))?.inUseBy).toBe('orderly')
    await hypervisor.powerdown('orderly')
    const state = await untilPhase(hypervisor, 'orderly', 'shutdown')
    expect(state.pid).toBeUndefined()
    expect((await hypervisor.disk('orderly-disk'))?.inUseBy).toBeUndefined()
    expect(await hypervisor.serialLog('orderly', 100)).toContain('ready')
  })

  test('comes back from a soft reboot in the same process', async () => {
    const { hypervisor } = bench
    const { pid } = await startGuest('soft')
    await untilPrinted(hypervisor, 'soft', 'ready')
    await hypervisor.softReboot('soft')
    await until(async () => (await hypervisor.serialLog('soft', 4096)).split('ready').length === 3, 'a second boot')
    expect(await hypervisor.machine('soft')).toMatchObject({ phase: 'running', pid })
    await hypervisor.powerdown('soft')
    await untilPhase(hypervisor, 'soft', 'shutdown')
  })

  test('whose system panics counts as crashed, and says so', async () => {
    const { hypervisor } = bench
    await startGuest('panic')
    await untilPrinted(hypervisor, 'panic', 'ready')
    const serial = await hypervisor.openStream('panic', 'serial')
    serial.write('p')
    expect((await untilPhase(hypervisor, 'panic', 'crashed')).message).toContain('panic')
  })

  test('whose process is killed from outside counts as crashed, by command as gone', async () => {
    const { hypervisor } = bench
    const { pid } = await startGuest('killed')
    process.kill(pid ?? 0, 'SIGKILL')
    await untilPhase(hypervisor, 'killed', 'crashed')
    const { pid: second } = await hypervisor.startMachine(machineSpec('killed'))
    expect(second).not.toBe(pid)
    await hypervisor.kill('killed')
    expect((await hypervisor.machine('killed'))?.phase).toBe('gone')
    await hypervisor.kill('killed')
    await hypervisor.kill('never-was')
  })

  test('starts paused when asked to', async () => {
    const { hypervisor } = bench
    expect((await startGuest('waiting', { startPaused: true })).phase).toBe('paused')
    await sleep(300)
    expect(await hypervisor.serialLog('waiting', 100)).toBe('')
    await hypervisor.resume('waiting')
    await untilPrinted(hypervisor, 'waiting', 'ready')
  })

  test('tells subscribers of every change', async () => {
    const events: HypervisorEvent[] = []
    const done = new AbortController()
    bench.hypervisor.subscribe((event) => events.push(event), done.signal)
    await startGuest('told')
    await bench.hypervisor.kill('told')
    await bench.hypervisor.removeMachine('told')
    done.abort()
    const mine = events.filter(({ type, id }) => type === 'machine' && id === 'told')
    expect(mine.length).toBeGreaterThanOrEqual(4)
  })
})

describe('streams', () => {
  test('several viewers share a serial console, and one that leaves takes nobody along', async () => {
    const { hypervisor } = bench
    await startGuest('serial')
    await untilPrinted(hypervisor, 'serial', 'ready')
    const [one, two] = [
      await hypervisor.openStream('serial', 'serial'),
      await hypervisor.openStream('serial', 'serial'),
    ]
    one.write('a')
    await Promise.all([readUntil(one, 'echo a'), readUntil(two, 'echo a')])
    one.destroy()
    two.write('b')
    await readUntil(two, 'echo b')
    two.destroy()
    const three = await hypervisor.openStream('serial', 'serial')
    three.write('c')
    await readUntil(three, 'echo c')
    await hypervisor.removeMachine('serial')
    await until(() => three.destroyed || three.readableEnded, 'the end of the stream')
  })

  test('several viewers may look at the screen, and a screenshot shows it', async () => {
    const { hypervisor } = bench
    await startGuest('screen')
    await untilPrinted(hypervisor, 'screen', 'ready')
    const viewers = [await hypervisor.openStream('screen', 'vnc'), await hypervisor.openStream('screen', 'vnc')]
    for (const viewer of viewers) await readUntil(viewer, 'RFB 003.008')
    const png = Buffer.from(await hypervisor.screenshot('screen'), 'base64')
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect(png.readUInt32BE(16)).toBeGreaterThanOrEqual(640)
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
    const blank = Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), Buffer.alloc(width * height * 3)])
    expect(png.length).toBeGreaterThan((await pngFromPpm(blank)).length + 500)
    expect(readdirSync(join(bench.machineDirectory('screen'), 'run', 'output'))).toEqual([])
    for (const viewer of viewers) viewer.destroy()
  })

  test('a machine without them says so', async () => {
    const { hypervisor } = bench
    await startGuest('headless', { vga: false, serialConsole: false, interfaces: [] })
    await expect(hypervisor.openStream('headless', 'vnc')).rejects.toMatchObject({ code: 'Unsupported' })
    await expect(hypervisor.openStream('headless', 'serial')).rejects.toMatchObject({ code: 'Unsupported' })
    await expect(hypervisor.openStream('nobody', 'serial')).rejects.toMatchObject({ code: 'NotFound' })
  })
})

describe('confinement', () => {
  test('a guest has no privileges, no environment, no core dumps and a system call filter', async () => {
    const { pid, limits } = await startGuest('confined')
    expect(status(pid)).toMatch(/^Seccomp:\t2$/m)
    expect(status(pid)).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status(pid)).toMatch(/^CapEff:\t0+$/m)
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)).toEqual([])
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max core file size +0 +0/)
    const session = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3]
    expect(Number(session)).toBe(pid)
    expect(limits).toBe((await bench.hypervisor.host()).confinement.limits)
    const run = join(bench.machineDirectory('confined'), 'run')
    for (const name of ['qmp.sock', 'vnc.sock', 'serial.sock', 'serial.log', 'guest-agent.sock'])
      expect(statSync(join(run, name)).mode & 0o777, name).toBe(0o600)
    // Nothing listens on the network.
    expect(execFileSync('ss', ['-Hltnp'], { encoding: 'utf8' })).not.toContain(`pid=${pid},`)
  })

  test('a guest is held to its size by what the host offers', async () => {
    const { pid } = await startGuest('sized')
    const { limits } = (await bench.hypervisor.host()).confinement
    const group = (controller: string) =>
      new RegExp(`:${controller}:(/.*)$`, 'm').exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1]
    const read = (path: string) => Number(readFileSync(path, 'utf8'))
    // 32 MiB for the guest, the rest for QEMU.
    const sensible = (bytes: number) => bytes > 2 ** 28 && bytes < 2 ** 29
    if (limits === 'cgroup1') {
      expect(sensible(read(`/sys/fs/cgroup/memory${group('memory')}/memory.limit_in_bytes`))).toBe(true)
      expect(read(`/sys/fs/cgroup/pids${group('pids')}/pids.max`)).toBe(257)
    } else if (limits === 'prlimit') {
      const bytes = Number(/^Max address space +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1])
      expect(sensible(bytes - 2 ** 32)).toBe(true)
    } else expect(sensible(read(`/sys/fs/cgroup${group('')}/memory.max`))).toBe(true)
  })

  test.runIf(isRoot)('every guest has a user of its own and can not read another’s disk or directory', async () => {
    const [one, two] = [await startGuest('alone-1'), await startGuest('alone-2')]
    const uidOf = (pid: number | undefined) => Number(/^Uid:\t(\d+)/m.exec(status(pid))?.[1])
    const [first, second] = [uidOf(one.pid), uidOf(two.pid)]
    const { guestUids } = bench.options
    for (const uid of [first, second]) {
      expect(uid).toBeGreaterThanOrEqual(guestUids?.first ?? 0)
      expect(uid).toBeLessThan((guestUids?.first ?? 0) + (guestUids?.count ?? 0))
    }
    expect(first).not.toBe(second)
    const read = (uid: number, path: string) =>
      spawnSync('head', ['-c', '1', path], { uid, gid: uid, encoding: 'utf8' }).status
    expect(read(first, bench.diskPath('alone-1-disk'))).toBe(0)
    expect(read(second, bench.diskPath('alone-1-disk'))).not.toBe(0)
    expect(read(second, join(bench.machineDirectory('alone-1'), 'spec.json'))).not.toBe(0)
    expect(read(second, join(bench.machineDirectory('alone-1'), 'run', 'serial.log'))).not.toBe(0)
    // Once the guest runs, not even its own user can put anything in the place of a socket.
    const run = join(bench.machineDirectory('alone-1'), 'run')
    expect(spawnSync('rm', ['-f', join(run, 'vnc.sock')], { uid: first, gid: first }).status).not.toBe(0)
    expect(spawnSync('touch', [join(run, 'new')], { uid: first, gid: first }).status).not.toBe(0)
  })

  test.runIf(isRoot)('a disk in use is refused to a second machine, which leaves nothing running', async () => {
    await startGuest('holder')
    const spec = machineSpec('rival', { disks: machineSpec('holder').disks })
    await expect(bench.hypervisor.startMachine(spec)).rejects.toMatchObject({ code: 'Busy' })
    expect(await bench.hypervisor.machine('rival')).toMatchObject({ phase: 'crashed' })
    await bench.hypervisor.removeMachine('rival')
  })

  test('hostile names reach neither the command line nor the file system', async () => {
    const { hypervisor } = bench
    await startGuest('names', { name: 'a,process=b,-incoming "$(id)" \\ ;|', serial: 'x,uuid=1,,y' })
    await untilPrinted(hypervisor, 'names', 'ready')
    const base = machineSpec('names')
    const bad = [
      { ...base, id: '../escape' },
      { ...base, id: 'a/b' },
      { ...base, name: 'line\nbreak' },
      { ...base, uuid: 'x' },
      { ...base, cpu: { ...base.cpu, model: 'host,+x' } },
      { ...base, cpu: { ...base.cpu, sockets: 300 } },
      { ...base, disks: [{ ...base.disks[0], name: 'a,b' }] },
      { ...base, disks: [{ ...base.disks[0], diskId: '../../etc' }] },
      { ...base, disks: [base.disks[0], base.disks[0]] },
      { ...base, interfaces: [{ ...base.interfaces[0], mac: '01:00:00:00:00:00' }] },
      {
        ...base,
        interfaces: [{ ...base.interfaces[0], backend: { type: 'user', address: '10.42.0.1', hostname: 'x' } }],
      },
      {
        ...base,
        interfaces: [{ ...base.interfaces[0], backend: { type: 'user', address: '10.42.9.1', hostname: 'x,y' } }],
      },
      { ...base, surprise: true },
      { ...base, memoryBytes: -1 },
    ]
    for (const spec of bad)
      await expect(hypervisor.startMachine(spec as never), JSON.stringify(spec)).rejects.toMatchObject({
        code: 'Invalid',
      })
  })

  test('what this host can not do is refused before anything is left behind', async () => {
    await bench.createGuestDisk('future-disk')
    const [nic] = machineSpec('future').interfaces
    const spec = machineSpec('future', { interfaces: nic ? [{ ...nic, model: 'igb' }] : [] })
    const { qemuVersion } = await bench.hypervisor.host()
    if (Number.parseInt(qemuVersion) >= 8) return
    await expect(bench.hypervisor.startMachine(spec)).rejects.toMatchObject({ code: 'Unsupported' })
    expect(existsSync(bench.machineDirectory('future'))).toBe(false)
  })

  test('a CPU model that QEMU does not know is its own words', async () => {
    await bench.createGuestDisk('strange-disk')
    const spec = machineSpec('strange', { cpu: { sockets: 1, cores: 1, threads: 1, model: 'Pentium-9' } })
    await expect(bench.hypervisor.startMachine(spec)).rejects.toThrow(/Pentium-9/)
    expect(await bench.hypervisor.machine('strange')).toMatchObject({
      phase: 'crashed',
      message: expect.stringContaining('Pentium-9'),
    })
  })
})

test('a removed machine leaves no process, directory or control group', async () => {
  const { hypervisor } = bench
  const { pid } = await startGuest('traceless', {
    cloudInit: {
      name: 'seed',
      type: 'noCloud',
      bus: 'virtio',
      device: 'disk',
      userData: '#cloud-config\n',
      metaData: {},
    },
  })
  expect(statSync(join(bench.machineDirectory('traceless'), 'run', 'cloud-init.iso')).mode & 0o777).toBe(0o600)
  const groups = (readFileSync(`/proc/${pid}/cgroup`, 'utf8').match(/\/chiave-\S+traceless/g) ?? []).length
  if ((await hypervisor.host()).confinement.limits.startsWith('cgroup')) expect(groups).toBeGreaterThan(0)
  await hypervisor.removeMachine('traceless')
  expect(existsSync(`/proc/${pid}`)).toBe(false)
  expect(existsSync(bench.machineDirectory('traceless'))).toBe(false)
  expect(await hypervisor.machine('traceless')).toBeUndefined()
  expect(
    spawnSync('find', ['/sys/fs/cgroup', '-maxdepth', '4', '-name', 'traceless'], { encoding: 'utf8' }).stdout,
  ).toBe('')
  await hypervisor.deleteDisk('traceless-disk')
  expect(existsSync(bench.diskPath('traceless-disk'))).toBe(false)
  await hypervisor.removeMachine('traceless')
})
