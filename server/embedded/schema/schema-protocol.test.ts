import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '@/contract/json'
import { define, definitions, object, text } from '../testing/custom-kind'
import { startTestServer, type TestServer } from '../testing/start-test-server'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

describe('objects of custom kinds', () => {
  test.each<[string, JsonObject, unknown, string]>([
    [
      'a wrong type',
      object({ a: text }),
      { a: 1 },
      'spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer"',
    ],
    ['a missing field', object({ a: text }, { required: ['a'] }), {}, 'spec.a: Required value'],
    [
      'a value that is none of those allowed',
      object({ a: { type: 'string', enum: ['x', 'y'] } }),
      { a: 'z' },
      'spec.a: Unsupported value: "z": supported values: "x", "y"',
    ],
    [
      'text that does not match',
      object({ a: { type: 'string', pattern: '^a+$' } }),
      { a: 'b' },
      'spec.a: Invalid value: "b": spec.a in body should match \'^a+$\'',
    ],
    [
      'text that is too long',
      object({ a: { type: 'string', maxLength: 2 } }),
      { a: 'abc' },
      'spec.a: Too long: may not be more than 2 bytes',
    ],
    [
      'text that is too short',
      object({ a: { type: 'string', minLength: 2 } }),
      { a: 'a' },
      'spec.a: Invalid value: "a": spec.a in body should be at least 2 chars long',
    ],
    [
      'a number that is too large',
      object({ a: { type: 'integer', maximum: 3 } }),
      { a: 4 },
      'spec.a: Invalid value: 4: spec.a in body should be less than or equal to 3',
    ],
    [
      'a number that is too small',
      object({ a: { type: 'integer', minimum: 3, exclusiveMinimum: true } }),
      { a: 3 },
      'spec.a: Invalid value: 3: spec.a in body should be greater than 3',
    ],
    [
      'too many entries',
      object({ a: { type: 'array', items: text, maxItems: 1 } }),
      { a: ['x', 'y'] },
      'spec.a: Too many: 2: must have at most 1 item',
    ],
    [
      'an entry of a set twice',
      object({ a: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' } }),
      { a: ['x', 'x'] },
      'spec.a[1]: Duplicate value: "x"',
    ],
    [
      'a key of a list map twice',
      object({
        a: {
          type: 'array',
          items: object({ name: text }, { required: ['name'] }),
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        },
      }),
      { a: [{ name: 'x' }, { name: 'x' }] },
      'spec.a[1]: Duplicate value: {"name":"x"}',
    ],
    [
      'what is neither integer nor string',
      object({ a: { 'x-kubernetes-int-or-string': true } }),
      { a: true },
      'spec.a: Invalid value: "boolean": spec.a in body must be of type integer,string: "boolean"',
    ],
    [
      'a value in a map',
      object({ a: { type: 'object', additionalProperties: { type: 'integer' } } }),
      { a: { b: 'x' } },
      'spec.a.b: Invalid value: "string": spec.a.b in body must be of type integer: "string"',
    ],
    [
      'text that is no date',
      object({ a: { type: 'string', format: 'date-time' } }),
      { a: 'today' },
      'spec.a: Invalid value: "today": spec.a in body must be of type date-time: "today"',
    ],
    [
      'what fits two of one',
      object({ a: text, b: text }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }),
      { a: 'x', b: 'y' },
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
    [
      'what a rule forbids',
      object(
        { a: { type: 'integer' } },
        { 'x-kubernetes-validations': [{ rule: 'self.a > 3', message: 'a is too small' }] },
      ),
      { a: 3 },
      'spec: Invalid value: "object": a is too small',
    ],
    [
      'what a rule forbids, in words of its own at a field of its choice',
      object(
        { a: { type: 'integer' } },
        {
          'x-kubernetes-validations': [
            {
              rule: 'self.a > 3',
              messageExpression: '"got %d".format([self.a])',
              reason: 'FieldValueForbidden',
              fieldPath: '.a',
            },
          ],
        },
      ),
      { a: 3 },
      'spec.a: Forbidden: got 3',
    ],
  ])('refuses %s', async (_what, schema, spec, words) => {
    const { post, kind } = await define(server, { spec: schema })
    const answer = await post(spec)
    expect(answer.json).toMatchObject({ code: 422, message: `${kind}.example.com "x" is invalid: ${words}` })
  })

  test('fills in defaults, prunes what it does not know and keeps what it is told to keep', async () => {
    const { post } = await define(server, {
      spec: object({
        a: { type: 'integer', default: 3 },
        b: object({ c: { type: 'string', default: 'd' } }, { default: {} }),
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        nothing: { type: 'string', default: 'e' },
        some: { type: 'string', nullable: true },
      }),
    })
    const answer = await post({ nothing: null, some: null, unknown: { x: 1 }, free: { y: [1] }, b: { z: 1 } })
    expect(answer.json['spec']).toEqual({ a: 3, b: { c: 'd' }, free: { y: [1] }, nothing: 'e', some: null })
  })

  test('says what it prunes, as asked', async () => {
    const { path, object: make, kind } = await define(server, { spec: object({ a: text }) })
    const body = `{"apiVersion":"example.com/v1","kind":"${kind}","metadata":{"name":"x","odd":1},"spec":{"a":"1","a":"2","b":1}}`
    const strict = await server.call('POST', `${path()}?fieldValidation=Strict`, { body })
    expect(strict.json).toMatchObject({
      code: 400,
      message: `${kind} in version "v1" cannot be handled as a ${kind}: strict decoding error: duplicate field "spec.a", unknown field "spec.b", unknown field "metadata.odd"`,
    })
    const warned = await server.call('POST', path(), { body })
    expect(warned.status).toBe(201)
    expect(warned.headers['warning']).toBe(
      '299 - "duplicate field \\"spec.a\\"", 299 - "unknown field \\"spec.b\\"", 299 - "unknown field \\"metadata.odd\\""',
    )
    expect(warned.json.metadata['odd']).toBeUndefined()
    const quiet = await server.call('POST', `${path()}?fieldValidation=Ignore`, { body: make({ b: 1 }, 'y') })
    expect(quiet.headers['warning']).toBeUndefined()
    const patch = await server.call('PATCH', `${path()}/x?fieldValidation=Strict`, {
      body: '{"spec":{"c":1}}',
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect(patch.json).toMatchObject({
      code: 422,
      message:
        ' "" is invalid: patch: Invalid value: "{\\"spec\\":{\\"c\\":1}}": strict decoding error: unknown field "spec.c"',
    })
    const odd = await server.call('POST', `${path()}?fieldValidation=Loud`, { body })
    expect(odd.json).toMatchObject({ code: 422 })
  })

  test('apply refuses fields that no schema declares', async () => {
    const { path, object: make, kind } = await define(server, { spec: object({ a: text }) })
    const answer = await server.call('PATCH', `${path()}/x?fieldManager=me`, {
      body: make({ b: 1 }),
      headers: { 'Content-Type': 'application/apply-patch+yaml' },
    })
    expect(answer.json).toMatchObject({
      code: 500,
      message: `failed to create typed patch object (default/x; example.com/v1, Kind=${kind}): .spec.b: field not declared in schema`,
    })
  })

  test('an update may leave what was invalid before, but not add to it', async () => {
    const kind = await define(server, { spec: object({ a: text, b: text }) })
    await kind.post({ a: 'x', b: 'y' })
    const narrower = structuredClone(kind.body)
    const schema = { ...object({ a: { type: 'string', maxLength: 0 }, b: { type: 'string', maxLength: 1 } }) }
    for (const version of narrower.spec.versions) version.schema.openAPIV3Schema.properties = { spec: schema }
    const changed = await server.call('PATCH', `${definitions}/${narrower.metadata.name}`, {
      body: { spec: narrower.spec },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect(changed.status).toBe(200)
    const patch = (spec: JsonObject) =>
      server.call('PATCH', `${kind.path()}/x`, {
        body: { spec },
        headers: { 'Content-Type': 'application/merge-patch+json' },
      })
    expect((await patch({ b: 'z' })).status).toBe(200)
    expect((await patch({ a: 'xx' })).json['message']).toMatch(/spec\.a: Too long: may not be more than 0 bytes$/)
  })

  test('transition rules compare with what was there', async () => {
    const { post, path } = await define(server, {
      spec: object({
        fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] },
        list: {
          type: 'array',
          maxItems: 10,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: object(
            { name: text, size: { type: 'integer' } },
            { required: ['name'], 'x-kubernetes-validations': [{ rule: 'self.size >= oldSelf.size' }] },
          ),
        },
      }),
    })
    expect((await post({ fixed: 'a', list: [{ name: 'x', size: 2 }] })).status).toBe(201)
    const patch = (spec: JsonObject) =>
      server.call('PATCH', `${path()}/x`, {
        body: { spec },
        headers: { 'Content-Type': 'application/merge-patch+json' },
      })
    expect((await patch({ fixed: 'b' })).json['message']).toMatch(/spec\.fixed: Invalid value: "string": is immutable$/)
    expect(
      (
        await patch({
          list: [
            { name: 'y', size: 1 },
            { name: 'x', size: 3 },
          ],
        })
      ).status,
    ).toBe(200)
    expect((await patch({ list: [{ name: 'x', size: 1 }] })).json['message']).toMatch(
      /spec\.list\[0\]: Invalid value: "object": failed rule: self\.size >= oldSelf\.size$/,
    )
  })

  test('lists of type set and map are equal to rules in any order, other lists in their own', async () => {
    const fixed = { 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] }
    const names = { type: 'array', maxItems: 10, items: { type: 'string', maxLength: 10 } }
    const { post, path } = await define(server, {
      spec: object(
        {
          set: { ...names, 'x-kubernetes-list-type': 'set', ...fixed },
          map: {
            type: 'array',
            maxItems: 10,
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
            items: object({ name: text, size: { type: 'integer' } }, { required: ['name'] }),
          },
          list: { ...names, ...fixed },
        },
        { 'x-kubernetes-validations': [{ rule: 'self.map == oldSelf.map', message: 'map is immutable' }] },
      ),
    })
    const [a, b] = [
      { name: 'a', size: 1 },
      { name: 'b', size: 2 },
    ]
    expect((await post({ set: ['a', 'b'], map: [a, b], list: ['a', 'b'] })).status).toBe(201)
    const patch = async (spec: JsonObject) => {
      const headers = { 'Content-Type': 'application/merge-patch+json' }
      return (await server.call('PATCH', `${path()}/x`, { body: { spec }, headers })).json['message']
    }
    expect(await patch({ set: ['b', 'a'] })).toBeUndefined()
    expect(await patch({ map: [b, a] })).toBeUndefined()
    expect(await patch({ set: ['b', 'c'] })).toMatch(/spec\.set: .*is immutable$/)
    expect(await patch({ map: [{ ...b, size: 3 }, a] })).toMatch(/spec: .*map is immutable$/)
    expect(await patch({ list: ['b', 'a'] })).toMatch(/spec\.list: .*is immutable$/)
  })

  test('adding to a list of type set or map keeps what is there, as its type has it', async () => {
    const names = { type: 'array', maxItems: 10, items: { type: 'string', maxLength: 10 } }
    const entries = {
      type: 'array',
      maxItems: 10,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: object({ name: text, size: { type: 'integer' } }, { required: ['name'] }),
    }
    const rules = [
      "(self.set) + (['b', 'c']) == ['c', 'a', 'b']",
      "(self.set + ['b'] + ['d']).size() == 3",
      '(self.set + self.set).size() == 2 && (self.list + self.list).size() == 4',
      'self.list + self.set == self.list + self.set && 1.5e-12 + 1.0 < 1.1',
    ]
    const { post, path } = await define(server, {
      spec: object(
        {
          set: { ...names, 'x-kubernetes-list-type': 'set' },
          list: names,
          map: {
            ...entries,
            'x-kubernetes-validations': [
              { rule: '(oldSelf + self).size() == 3 && (oldSelf + self)[1].size == 7' },
              { rule: '(self + oldSelf)[0].size == 2 && self + oldSelf != oldSelf + self' },
            ],
          },
        },
        { 'x-kubernetes-validations': rules.map((rule) => ({ rule })) },
      ),
    })
    const [a, b] = [
      { name: 'a', size: 1 },
      { name: 'b', size: 2 },
    ]
    expect((await post({ set: ['a', 'b'], list: ['a', 'b'], map: [a, b] })).json['message']).toBeUndefined()
    const map = [
      { name: 'b', size: 7 },
      { name: 'c', size: 3 },
    ]
    const headers = { 'Content-Type': 'application/merge-patch+json' }
    const changed = await server.call('PATCH', `${path()}/x`, { body: { spec: { map } }, headers })
    expect(changed.json['message']).toBeUndefined()
  })

  test('the status subresource is held against the schema, too', async () => {
    const {
      post,
      path,
      object: make,
    } = await define(server, {
      spec: object({}),
      status: object({ phase: { type: 'string', enum: ['Up'] } }),
      more: { subresources: { status: {} } },
    })
    await post({})
    const body = { ...make({}), status: { phase: 'Down', odd: 1 } }
    const refused = await server.call('PATCH', `${path()}/x/status`, {
      body,
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect(refused.json['message']).toMatch(/status\.phase: Unsupported value: "Down": supported values: "Up"$/)
  })

  test('each version has its own schema, and objects stored before a default have it when they are read', async () => {
    const kind = await define(
      server,
      { name: 'v1', spec: object({ a: text }) },
      { name: 'v2', spec: object({ a: { type: 'string', maxLength: 1 } }) },
    )
    expect((await kind.post({ a: 'long' })).status).toBe(201)
    const newer = await server.call('POST', kind.path('v2'), { body: kind.object({ a: 'long' }, 'y', 'v2') })
    expect(newer.json).toMatchObject({ code: 422 })

    const versions = structuredClone(kind.body.spec.versions)
    for (const version of versions) {
      version.schema.openAPIV3Schema.properties = {
        spec: object({ a: text, late: { type: 'string', default: 'now' } }),
      }
    }
    await server.call('PATCH', `${definitions}/${kind.body.metadata.name}`, {
      body: { spec: { versions } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect((await server.call('GET', `${kind.path()}/x`)).json['spec']).toEqual({ a: 'long', late: 'now' })
    expect((await server.call('GET', kind.path('v2'))).json.items[0]?.['spec']).toEqual({ a: 'long', late: 'now' })
  })
})
