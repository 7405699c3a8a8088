import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureCredentials, writeKubeconfig } from './credentials'
import { openHome } from './home'
import { askInstance, lockInstance } from './instance-lock'

let directory: string

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'chiave-home-'))
})

afterEach(() => {
  fs.rmSync(directory, { recursive: true, force: true })
})

describe('a home', () => {
  it('carries a schema version from the first start and keeps its identity over restarts', () => {
    const first = openHome(directory, { asRoot: false })
    const second = openHome(directory, { asRoot: false })
    expect(JSON.parse(fs.readFileSync(first.file('schema.json'), 'utf8'))).toEqual({ schemaVersion: 1 })
    expect(second.instanceId).toBe(first.instanceId)
  })

  it('refuses what a newer version wrote, in one sentence', () => {
    fs.writeFileSync(path.join(directory, 'schema.json'), '{"schemaVersion": 99}')
    expect(() => openHome(directory, { asRoot: false })).toThrow(/newer Chiave.*--home/)
  })

  it('keeps a secret for ever and from other users', () => {
    const home = openHome(directory, { asRoot: false })
    const secret = home.secret({ path: home.file('key'), bytes: 32 })
    expect(secret).toHaveLength(32)
    expect(home.secret({ path: home.file('key'), bytes: 32 })).toEqual(secret)
    expect(fs.statSync(home.file('key')).mode & 0o777).toBe(0o600)
  })

  it.runIf(process.getuid?.() === 0)('made by root under umask 077 can be passed through by other users', () => {
    fs.chmodSync(directory, 0o711)
    const before = process.umask(0o077)
    try {
      const home = openHome(path.join(directory, 'srv', 'chiave'), { asRoot: true })
      home.directory({ path: home.file('run'), mode: 0o711 })
      const read = spawnSync('cat', [home.file('instance.json')], { uid: 61_234, gid: 61_234, encoding: 'utf8' })
      expect(read).toMatchObject({ status: 0, stdout: expect.stringContaining(home.instanceId) })
    } finally {
      process.umask(before)
    }
  })

  it.runIf(process.getuid?.() === 0)('is refused to root below a directory that is closed to others', () => {
    fs.chmodSync(directory, 0o700)
    expect(() => openHome(path.join(directory, 'chiave'), { asRoot: true })).toThrow(
      `${directory} can be entered by root alone`,
    )
  })

  it.runIf(process.getuid?.() === 0)('gives two instances user ids that do not overlap', () => {
    const other = fs.mkdtempSync(path.join(os.tmpdir(), 'chiave-home-'))
    try {
      const [a, b] = [openHome(directory, { asRoot: true }), openHome(other, { asRoot: true })]
      const distance = Math.abs((a.uids?.console ?? 0) - (b.uids?.console ?? 0))
      expect(distance).toBeGreaterThanOrEqual(65_536)
      expect(openHome(directory, { asRoot: true }).uids).toEqual(a.uids)
    } finally {
      fs.rmSync(other, { recursive: true, force: true })
    }
  })

  it('writes a kubeconfig for its owner alone, and leaves it alone when nothing changed', () => {
    const home = openHome(directory, { asRoot: false })
    home.directory({ path: home.file('cluster'), mode: 0o700 })
    home.directory({ path: home.file('console'), mode: 0o700 })
    const credentials = ensureCredentials(home)
    const options = { server: 'https://127.0.0.1:8007', caCertificate: 'PEM', token: credentials.admin }
    writeKubeconfig(home, options)
    const { mtimeMs, mode } = fs.statSync(home.file('kubeconfig'))
    writeKubeconfig(home, options)
    expect(mode & 0o777).toBe(0o600)
    expect(fs.statSync(home.file('kubeconfig')).mtimeMs).toBe(mtimeMs)
    expect(JSON.stringify(credentials.users)).not.toContain(credentials.admin)
  })
})

describe('the lock of a home', () => {
  it('lets one instance in and tells the next that the home is in use', async () => {
    const socket = path.join(directory, 'lock.sock')
    const lock = await lockInstance(socket, async () => undefined)
    await expect(lockInstance(socket, async () => undefined)).rejects.toThrow(/already runs with this home/)
    lock.release()
    const next = await lockInstance(socket, async () => undefined)
    next.release()
  })

  it('is not held by what a killed instance left behind', async () => {
    const socket = path.join(directory, 'lock.sock')
    fs.writeFileSync(socket, '')
    const lock = await lockInstance(socket, async () => undefined)
    lock.release()
  })

  it('carries the wish to stop all machines to the instance that runs', async () => {
    const socket = path.join(directory, 'lock.sock')
    const lock = await lockInstance(socket, async (request, say) => {
      say(`did ${request.op}`)
      setTimeout(() => lock.release(), 100)
    })
    const lines: string[] = []
    expect(await askInstance(socket, { op: 'stop-vms' }, (line) => lines.push(line))).toBe(true)
    expect(lines).toEqual(['did stop-vms'])
    // The answer to the first comes when the home is free.
    expect(await askInstance(socket, { op: 'stop-vms' }, () => undefined)).toBe(false)
  })

  it('tells whoever asked when the wish could not be carried out', async () => {
    const socket = path.join(directory, 'lock.sock')
    const lock = await lockInstance(socket, () => Promise.reject(new Error('The database is gone.')))
    await expect(askInstance(socket, { op: 'stop-vms' }, () => undefined)).rejects.toThrow('The database is gone.')
    lock.release()
  })
})
