import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configMaps, startTestServer } from '../testing/start-test-server'

const script = fileURLToPath(new URL('../testing/write-until-killed.ts', import.meta.url))

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'chiave-durable-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Lets clients write in another process, kills that in the middle, and returns the acknowledged lines. */
async function writeAndKill(enough: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, '8'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8')
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself with ${code}`))
    })
    child.once('close', () => resolve())
    child.stdout.on('data', (chunk: string) => {
      output += chunk
      if (output.split('\n').length > enough) child.kill('SIGKILL')
    })
  })
  // The last line may be cut short.
  return output.split('\n').slice(1, -1)
}

test('kill -9 in the middle of writing loses nothing that was acknowledged and brings nothing back', {
  timeout: 120_000,
}, async () => {
  // Twice at moments of chance: a failure names them.
  for (const enough of [40, 400, randomInt(10, 200), randomInt(200, 800)]) {
    const lines = await writeAndKill(enough)
    const uids = new Map<string, string>()
    const deleted = new Set<string>()
    for (const line of lines) {
      const [word, name = '', uid = ''] = line.split(' ')
      if (word === 'created') uids.set(name, uid)
      else deleted.add(name)
    }
    const server = await startTestServer({ directory })
    const list = await server.call('GET', configMaps)
    const found = new Map(list.json.items.map(({ metadata }) => [String(metadata['name']), metadata['uid']]))
    for (const [name, uid] of uids) {
      if (deleted.has(name)) expect(found.has(name), `${name} came back (after ${enough} lines)`).toBe(false)
      // A delete that was under way may or may not have happened.
      else if (Number(name.split('-')[1]) % 3 !== 0)
        expect(found.get(name), `${name} is lost (after ${enough} lines)`).toBe(uid)
    }
    await server.call('DELETE', configMaps)
    await server.close({ keep: true })
  }
})
