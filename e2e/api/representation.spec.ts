import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import * as YAML from 'yaml'
import { configMap, define, failure, ok, randomName, useApi, widget, widgetDefinition } from './support/suite'

/** Kubernetes API concepts: tables, metadata only, YAML, compression and protobuf. */
const api = useApi('represent')
const { client } = api
const maps = api.in('configmaps')
const group = `${randomName('g')}.example.com`
const widgets = api.in('widgets', `${group}/v1`)
const name = randomName('shown')
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
const partialList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'

beforeAll(async () => {
  ok(await client.create(maps, configMap(name, { a: '1', b: '2' }, { shown: name })))
  const additionalPrinterColumns = [
    { name: 'Size', type: 'integer', jsonPath: '.spec.size', description: 'how big' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ]
  await define(api, widgetDefinition({ group, version: { additionalPrinterColumns } }))
  ok(await client.create(widgets, widget(group, name, { size: 3 })))
})

interface Table {
  columnDefinitions: { name: string; type: string; format: string; priority: number }[]
  rows: { cells: unknown[]; object?: Record<string, unknown> }[]
}
// A Table is what was asked for, and `kind` is looked at first.
const asTable = (json: unknown) => json as Table

describe('a table', () => {
  test('has a row per object, with its metadata', async () => {
    const { json, headers } = await client.get(maps, { accept: table, query: { labelSelector: `shown=${name}` } })
    expect(headers['content-type']).toMatch(/^application\/json/)
    expect(json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' })
    const { columnDefinitions, rows } = asTable(json)
    expect(columnDefinitions.map((column) => column.name)).toEqual(['Name', 'Data', 'Age'])
    expect(columnDefinitions[0]).toMatchObject({ type: 'string', format: 'name', priority: 0 })
    expect(rows).toHaveLength(1)
    expect(rows[0]?.cells.slice(0, 2)).toEqual([name, 2])
    expect(rows[0]?.cells[2]).toMatch(/^\d+[smh]/)
    expect(rows[0]?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name } })
  })

  test('carries whole objects or none when asked', async () => {
    const query = { labelSelector: `shown=${name}` }
    const whole = await client.get(maps, { accept: table, query: { ...query, includeObject: 'Object' } })
    expect(asTable(whole.json).rows[0]?.object).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } })
    const none = await client.get(maps, { accept: table, query: { ...query, includeObject: 'None' } })
    expect(asTable(none.json).rows[0]?.object ?? null).toBeNull()
  })

  test('of one object has one row', async () => {
    const { json } = await client.get(`${maps}/${name}`, { accept: table })
    expect(asTable(json).rows).toHaveLength(1)
  })

  test('of a custom kind has the columns of its definition', async () => {
    const { columnDefinitions, rows } = asTable(ok(await client.get(widgets, { accept: table })))
    expect(columnDefinitions.map((column) => [column.name, column.type, column.priority])).toEqual([
      ['Name', 'string', 0],
      ['Size', 'integer', 0],
      ['Ready', 'string', 1],
      ['Age', 'date', 0],
    ])
    expect(rows[0]?.cells.slice(0, 3)).toEqual([name, 3, null])
  })

  test('is what the first acceptable range says, and objects where none is known', async () => {
    const fallback = await client.get(maps, {
      accept: `application/json;as=Nothing;v=v1;g=meta.k8s.io,application/json`,
    })
    expect(fallback.json.kind).toBe('ConfigMapList')
    const first = await client.get(maps, { accept: `${table},application/json` })
    expect(first.json.kind).toBe('Table')
  })
})

describe('metadata only', () => {
  test('leaves out all else of an object', async () => {
    const { json } = await client.get(`${maps}/${name}`, { accept: partial })
    expect(json).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name } })
    expect(json).not.toHaveProperty('data')
  })

  test('leaves out all else of a list', async () => {
    const json = ok(await client.get(maps, { accept: partialList, query: { labelSelector: `shown=${name}` } }))
    expect(json).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name } }] })
    expect(json.items[0]).not.toHaveProperty('data')
    expect(json.metadata.resourceVersion).toMatch(/^\d+$/)
  })

  test('is watched, too', async () => {
    const watch = await client.watch(maps, { accept: partial, query: { labelSelector: `shown=${name}` } })
    const { type, object } = await watch.next()
    watch.close()
    expect(type).toBe('ADDED')
    expect(object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name } })
    expect(object).not.toHaveProperty('data')
  })
})

describe('formats', () => {
  test('objects are written and read as YAML', async () => {
    const own = randomName('yaml')
    const text = YAML.stringify(configMap(own, { a: 'no' }), { version: '1.1' })
    const made = await client.create(maps, text, { type: 'application/yaml', accept: 'application/yaml' })
    expect(made.status).toBe(201)
    expect(made.headers['content-type']).toBe('application/yaml')
    expect(YAML.parse(made.text)).toMatchObject({ kind: 'ConfigMap', metadata: { name: own }, data: { a: 'no' } })
    const list = await client.get(maps, { accept: 'application/yaml' })
    expect(YAML.parse(list.text)).toMatchObject({ kind: 'ConfigMapList' })
  })

  test('a large answer is compressed for whoever can read it', async () => {
    const own = randomName('large')
    ok(await client.create(maps, configMap(own, { a: 'x'.repeat(300_000) })))
    const answer = await client.get(`${maps}/${own}`, { headers: { 'accept-encoding': 'gzip' } })
    expect(answer.headers['content-encoding']).toBe('gzip')
    expect(JSON.parse(gunzipSync(answer.raw).toString('utf8'))).toMatchObject({ metadata: { name: own } })
    const plain = await client.get(`${maps}/${own}`, { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers['content-encoding']).toBeUndefined()
  })

  test('what no server can write is not acceptable', async () => {
    const { status, json } = await client.get(maps, { accept: 'application/xml' })
    expect(status).toBe(406)
    expect(json).toMatchObject(failure(406, 'NotAcceptable'))
    expect(json.message).toContain('only the following media types are accepted: application/json')
  })

  test('what no server can read is an unsupported media type', async () => {
    const { status, json } = await client.create(maps, '<map/>', { type: 'application/xml' })
    expect(status).toBe(415)
    expect(json).toMatchObject(failure(415, 'UnsupportedMediaType'))
    expect(json.message).toContain('the body of the request was in an unknown format')
  })

  test('custom resources have no protobuf, so that clients fall back to JSON', async () => {
    const refused = await client.get(widgets, { accept: 'application/vnd.kubernetes.protobuf' })
    expect(refused.status).toBe(406)
    const both = await client.get(widgets, { accept: 'application/vnd.kubernetes.protobuf,application/json' })
    expect(both.json.kind).toBe('WidgetList')
    const sent = await client.create(widgets, Buffer.from([0x6b, 0x38, 0x73, 0]), {
      type: 'application/vnd.kubernetes.protobuf',
    })
    expect(sent.status).toBe(415)
  })

  test('pretty is for people', async () => {
    const { text } = await client.get(`${maps}/${name}`, { query: { pretty: true } })
    expect(text).toContain('\n  "metadata": {\n')
  })

  test('HEAD answers with the headers alone', async () => {
    const { status, text } = await client.call('HEAD', `${maps}/${name}`)
    expect([status === 200 || status === 405, text]).toEqual([true, ''])
  })
})
