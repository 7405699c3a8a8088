import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../log'
import { createCipher } from '../storage/cipher'
import { ObjectStore } from '../storage/object-store'
import { boundHistory } from './history'

/** `HISTORY_UPDATES=100000` for the whole of it. */
const updates = Number(process.env['HISTORY_UPDATES'] ?? 20_000)
const objects = 20

test('any number of updates leaves a small file, and the newest state', { timeout: 300_000 }, async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'chiave-history-'))
  const file = path.join(directory, 'state.db')
  const open = () =>
    new ObjectStore({ path: file, cipher: createCipher(Buffer.alloc(32, 7)), sealed: new Set(), now: Date.now })
  const store = open()
  const stop = boundHistory(store, { limit: 4000, log: silentLog })
  try {
    const body = Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', text: 'x'.repeat(1000) }))
    for (let written = 0; written < updates; written += 1000) {
      await Promise.all(
        Array.from({ length: 1000 }, (_, index) =>
          store.write(() => ({
            change: {
              key: { resource: 'configmaps', namespace: 'default', name: `m${index % objects}` },
              type: 'put',
              labels: undefined,
              body,
            },
            value: undefined,
          })),
        ),
      )
    }
    await expect.poll(() => store.revision - store.compacted).toBeLessThanOrEqual(4000)
    // A megabyte for each thousand changes; without bound it would be over a hundred.
    expect(statSync(file).size + statSync(`${file}-wal`).size).toBeLessThan(30 * 1024 * 1024)
    expect(store.revision).toBe(updates)
    stop()
    store.close()
    const again = open()
    expect(again.revision).toBe(updates)
    expect(again.snapshot({ resource: 'configmaps' })).toHaveLength(objects)
    again.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
