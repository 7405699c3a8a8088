import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createCipher } from '../storage/cipher'
import { ObjectStore } from '../storage/object-store'
import { configMap, configMaps, startTestServer } from '../testing/start-test-server'

test('who asks for what compaction took is told to list again: 410', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'chiave-compaction-'))
  try {
    const first = await startTestServer({ directory })
    const page = await first.call('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=1')
    const early = Number(page.json.metadata['resourceVersion'])
    for (let index = 0; index < 5; index++) await first.call('POST', configMaps, { body: configMap(`c${index}`) })
    await first.close({ keep: true })

    const store = new ObjectStore({
      path: path.join(directory, 'state.db'),
      cipher: createCipher(Buffer.alloc(32, 7)),
      sealed: new Set(['secrets']),
      now: Date.now,
    })
    await store.compact(store.revision)
    const compacted = store.compacted
    store.close()

    const second = await startTestServer({ directory })
    try {
      const stream = await second.watch(`${configMaps}?watch=1&resourceVersion=${early}`)
      expect(stream.status).toBe(200)
      expect(await stream.next()).toMatchObject({
        type: 'ERROR',
        object: {
          kind: 'Status',
          code: 410,
          reason: 'Expired',
          message: `too old resource version: ${early} (${compacted})`,
        },
      })
      await stream.ended
      const token = encodeURIComponent(String(page.json.metadata['continue']))
      const next = await second.call('GET', `/apis/apiextensions.k8s.io/v1/customresourcedefinitions?continue=${token}`)
      expect(next.json).toMatchObject({ code: 410, reason: 'Expired' })
      const exact = await second.call('GET', `${configMaps}?resourceVersion=${early}&resourceVersionMatch=Exact`)
      expect(exact.status).toBe(410)
      const fresh = await second.watch(`${configMaps}?watch=1&resourceVersion=${compacted}`)
      await second.call('POST', configMaps, { body: configMap('new') })
      expect(await fresh.next()).toMatchObject({ type: 'ADDED' })
      fresh.close()
    } finally {
      await second.close({ keep: true })
    }
  } finally {
    http.globalAgent.destroy()
    rmSync(directory, { recursive: true, force: true })
  }
})
