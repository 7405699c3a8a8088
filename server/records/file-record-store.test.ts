import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { silentLog } from '@/server/cluster/log'
import { createFileRecordStore } from './file-record-store'
import { describeRecordStore } from './record-store.conformance'

async function makePlace() {
  const directory = await mkdtemp(join(tmpdir(), 'chiave-records-'))
  return {
    directory,
    open: async () => createFileRecordStore({ directory, log: silentLog }),
    remove: () => rm(directory, { recursive: true }),
  }
}

describeRecordStore('records in files', { makePlace, shared: false })

describe('the files of records', () => {
  it('are for their owner alone', async () => {
    const place = await makePlace()
    const store = await place.open()
    await (await store.open('things')).put('a', 'secret')
    const modes = await Promise.all(
      ['things', 'things/a.json'].map(async (name) => (await stat(join(place.directory, name))).mode & 0o777),
    )
    expect(modes).toEqual([0o700, 0o600])
    await store.close()
    await place.remove()
  })

  it('that a crash left half written are set aside, and the rest is there', async () => {
    const place = await makePlace()
    const store = await place.open()
    const things = await store.open('things')
    await things.put('whole', 1)
    await things.put('torn', { long: 'x'.repeat(100) })
    await store.close()
    const torn = join(place.directory, 'things', 'torn.json')
    const content = await readFile(torn, 'utf8')
    await writeFile(torn, content.slice(0, 40))
    await writeFile(join(place.directory, 'things', 'new.json.tmp'), content.slice(0, 40))
    const again = await place.open()
    const read = await again.open('things')
    expect(read.all().map(({ key }) => key)).toEqual(['whole'])
    await read.put('torn', 2)
    await again.close()
    expect((await readdir(join(place.directory, 'things'))).sort()).toEqual([
      'torn.json',
      'torn.json.damaged',
      'whole.json',
    ])
    await place.remove()
  })
})
