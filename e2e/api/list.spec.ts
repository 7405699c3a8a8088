import { beforeAll, describe, expect, test } from 'vitest'
import { configMap, failure, ok, randomName, useApi } from './support/suite'

/** Kubernetes API concepts: selectors, large collections in pages, resource versions. */
const api = useApi('list')
const { client } = api
const maps = api.in('configmaps')
const secrets = api.in('secrets')
const set = randomName('set')
const labelSelector = `set=${set}`
const count = 7

beforeAll(async () => {
  for (let index = 0; index < count; index++) {
    const labels = { set, parity: index % 2 === 0 ? 'even' : 'odd', ...(index === 0 ? { first: '' } : {}) }
    ok(await client.create(maps, configMap(`${set}-${index}`, {}, labels)))
  }
})

const named = async (query: Record<string, string | number>) =>
  ok(await client.get(maps, { query })).items.map(({ metadata }) => metadata.name.replace(`${set}-`, ''))

describe('selectors', () => {
  test('a list is ordered by name and carries its version', async () => {
    const list = ok(await client.get(maps, { query: { labelSelector } }))
    expect(list).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' })
    expect(list.metadata.resourceVersion).toMatch(/^\d+$/)
    expect(list.items.map(({ metadata }) => metadata.name)).toEqual(
      Array.from({ length: count }, (_, index) => `${set}-${index}`),
    )
  })

  test('labels are selected by equality, sets and presence', async () => {
    expect(await named({ labelSelector: `${labelSelector},parity=odd` })).toEqual(['1', '3', '5'])
    expect(await named({ labelSelector: `${labelSelector},parity==odd` })).toEqual(['1', '3', '5'])
    expect(await named({ labelSelector: `${labelSelector},parity!=odd` })).toEqual(['0', '2', '4', '6'])
    expect(await named({ labelSelector: `${labelSelector},parity in (odd,none)` })).toEqual(['1', '3', '5'])
    expect(await named({ labelSelector: `${labelSelector},parity notin (odd)` })).toEqual(['0', '2', '4', '6'])
    expect(await named({ labelSelector: `${labelSelector},first` })).toEqual(['0'])
    expect(await named({ labelSelector: `${labelSelector},!first,parity=even` })).toEqual(['2', '4', '6'])
  })

  test('fields are selected by name and namespace, for every kind', async () => {
    expect(await named({ fieldSelector: `metadata.name=${set}-3` })).toEqual(['3'])
    expect(await named({ fieldSelector: `metadata.namespace=${api.namespace},metadata.name=${set}-3` })).toEqual(['3'])
    expect(await named({ fieldSelector: `metadata.name!=${set}-3`, labelSelector })).toHaveLength(count - 1)
    const everywhere = ok(await client.get('/api/v1/configmaps', { query: { labelSelector } }))
    expect(everywhere.items).toHaveLength(count)
  })

  test('some kinds are selected by more of their fields', async () => {
    const name = randomName('s')
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      type: 'example.com/own',
      stringData: { a: 'b' },
    }
    ok(await client.create(secrets, secret))
    const found = ok(await client.get(secrets, { query: { fieldSelector: 'type=example.com/own' } }))
    expect(found.items.map(({ metadata }) => metadata.name)).toEqual([name])
    expect(found.items[0]?.data).toEqual({ a: Buffer.from('b').toString('base64') })
  })

  test('an unknown field or a broken selector is a bad request', async () => {
    for (const query of [{ fieldSelector: 'data.a=1' }, { labelSelector: 'a in (' }, { labelSelector: '=x' }]) {
      const { status, json } = await client.get(maps, { query })
      expect([query, status]).toEqual([query, 400])
      expect(json).toMatchObject(failure(400, 'BadRequest'))
    }
  })
})

describe('pages', () => {
  test('show one consistent state, whatever happens meanwhile', async () => {
    const first = ok(await client.get(maps, { query: { labelSelector, limit: 3 } }))
    expect(first.items).toHaveLength(3)
    expect(first.metadata.continue).toBeTruthy()
    const late = `${set}-1-late`
    ok(await client.create(maps, configMap(late, {}, { set })))
    ok(await client.patch(`${maps}/${set}-5`, 'merge', { data: { changed: 'yes' } }))
    const seen = [...first.items]
    let token = first.metadata.continue
    while (token) {
      const page = ok(await client.get(maps, { query: { labelSelector, limit: 3, continue: token } }))
      expect(page.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
      seen.push(...page.items)
      token = page.metadata.continue
    }
    expect(seen.map(({ metadata }) => metadata.name)).toEqual(
      Array.from({ length: count }, (_, index) => `${set}-${index}`),
    )
    expect(seen[5]?.data).not.toEqual({ changed: 'yes' })
    ok(await client.delete(`${maps}/${late}`))
  })

  test('tell how many remain when nothing is selected', async () => {
    const all = ok(await client.get(maps)).items.length
    const { metadata } = ok(await client.get(maps, { query: { limit: 2 } }))
    expect(metadata.remainingItemCount).toBe(all - 2)
  })

  test('that do not break carry no token', async () => {
    const { metadata } = ok(await client.get(maps, { query: { labelSelector, limit: 100 } }))
    expect(metadata.continue ?? '').toBe('')
    expect(metadata).not.toHaveProperty('remainingItemCount')
  })

  test('do not go on from a token that is none, nor with another version', async () => {
    const broken = await client.get(maps, { query: { limit: 2, continue: 'nonsense' } })
    expect([broken.status, broken.json['reason']]).toEqual([400, 'BadRequest'])
    const first = ok(await client.get(maps, { query: { limit: 2 } }))
    const both = await client.get(maps, {
      query: { limit: 2, continue: first.metadata.continue, resourceVersion: first.metadata.resourceVersion },
    })
    expect(both.status).toBe(400)
    expect(both.json.message).toContain('specifying resource version is not allowed when using continue')
  })
})

describe('resource versions', () => {
  const query = (more: Record<string, string | number>) => client.get(maps, { query: { labelSelector, ...more } })

  test('Exact shows the very state of a version', async () => {
    const before = ok(await query({}))
    ok(await client.patch(`${maps}/${set}-0`, 'merge', { data: { at: 'later' } }))
    const { resourceVersion } = before.metadata
    const exact = ok(await query({ resourceVersion, resourceVersionMatch: 'Exact' }))
    expect(exact.metadata.resourceVersion).toBe(resourceVersion)
    expect(exact.items).toEqual(before.items)
  })

  test('NotOlderThan shows that state or a newer one', async () => {
    const before = ok(await query({}))
    const changed = ok(await client.patch(`${maps}/${set}-0`, 'merge', { data: { at: randomName('x') } }))
    const list = ok(
      await query({ resourceVersion: changed.metadata.resourceVersion, resourceVersionMatch: 'NotOlderThan' }),
    )
    expect(list.items[0]?.data).toEqual(changed.data)
    expect(ok(await query({ resourceVersion: '0' })).items).toHaveLength(before.items.length)
  })

  test('that do not exist yet are timed out, with a time to try again', async () => {
    const { resourceVersion } = ok(await query({})).metadata
    const future = String(Number(resourceVersion) + 1_000_000)
    const { status, json } = await query({ resourceVersion: future, resourceVersionMatch: 'NotOlderThan' })
    expect(status).toBe(504)
    expect(json).toMatchObject({
      ...failure(504, 'Timeout'),
      details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] },
    })
  })

  test('and matches that make no sense together are refused', async () => {
    for (const bad of [
      { resourceVersionMatch: 'Exact' },
      { resourceVersionMatch: 'Exact', resourceVersion: '0' },
      { resourceVersionMatch: 'Roughly', resourceVersion: '1' },
      { resourceVersion: 'abc' },
      { limit: 'many' },
    ]) {
      const { status } = await query(bad)
      expect([bad, status < 500 && status >= 400]).toEqual([bad, true])
    }
  })

  test('an object can be read at least as new as a version', async () => {
    const changed = ok(await client.patch(`${maps}/${set}-0`, 'merge', { data: { at: randomName('x') } }))
    const { resourceVersion } = changed.metadata
    const read = ok(await client.get(`${maps}/${set}-0`, { query: { resourceVersion } }))
    expect(read.data).toEqual(changed.data)
    expect(ok(await client.get(`${maps}/${set}-0`, { query: { resourceVersion: '0' } })).metadata.name).toBe(`${set}-0`)
  })
})
