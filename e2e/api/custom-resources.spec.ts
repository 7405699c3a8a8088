import { describe, expect, test } from 'vitest'
import {
  define,
  definitions,
  failure,
  ok,
  randomName,
  untilGone,
  useApi,
  widget,
  widgetDefinition,
} from './support/suite'

/** Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions". */
const api = useApi('crd')
const { client } = api
const newGroup = () => `${randomName('g')}.example.com`

describe('a definition', () => {
  test('is established, accepted and served at once', async () => {
    const group = newGroup()
    await define(api, widgetDefinition({ group, names: { shortNames: ['wd'], categories: ['toys'] } }))
    const stored = ok(await client.get(`${definitions}/widgets.${group}`))
    expect(stored['status']).toMatchObject({
      acceptedNames: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['toys'] },
      storedVersions: ['v1'],
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' }),
        expect.objectContaining({ type: 'Established', status: 'True', reason: 'InitialNamesAccepted' }),
      ]),
    })
    const found = ok(await client.get(`/apis/${group}/v1`))
    expect(found['resources']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'widgets', kind: 'Widget', shortNames: ['wd'], categories: ['toys'] }),
        expect.objectContaining({ name: 'widgets/status', kind: 'Widget' }),
        expect.objectContaining({ name: 'widgets/scale', kind: 'Scale', group: 'autoscaling', version: 'v1' }),
      ]),
    )
  })

  test('must have the name of its plural and group', async () => {
    const wanted = widgetDefinition({ group: newGroup() })
    const { status, json } = await client.create(definitions, { ...wanted, metadata: { name: 'gadgets.example.com' } })
    expect(status).toBe(422)
    expect(json.message).toContain('must be spec.names.plural+"."+spec.group')
  })

  test('must have a structural schema', async () => {
    const group = newGroup()
    const schema = {
      openAPIV3Schema: { type: 'object', properties: { spec: { properties: { a: { type: 'string' } } } } },
    }
    const { status, json } = await client.create(definitions, widgetDefinition({ group, version: { schema } }))
    expect(status).toBe(422)
    expect(json.message).toContain(
      'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
    )
  })

  test('must store exactly one version', async () => {
    const group = newGroup()
    const { status, json } = await client.create(definitions, widgetDefinition({ group, version: { storage: false } }))
    expect(status).toBe(422)
    expect(json.message).toContain('must have exactly one version marked as storage version')
  })

  test('takes its objects along when it is deleted', async () => {
    const group = newGroup()
    const widgets = api.in('widgets', `${group}/v1`)
    await define(api, widgetDefinition({ group }))
    const held = { ...widget(group, 'held'), metadata: { name: 'held', finalizers: ['example.com/wait'] } }
    ok(await client.create(widgets, held))
    ok(await client.create(widgets, widget(group, 'free')))
    ok(await client.delete(`${definitions}/widgets.${group}`))
    await untilGone(client, `${widgets}/free`)
    const late = await client.create(widgets, widget(group, 'late'))
    expect(late.status).toBe(405)
    ok(await client.patch(`${widgets}/held`, 'merge', { metadata: { finalizers: null } }))
    await untilGone(client, `${definitions}/widgets.${group}`)
    await expect.poll(async () => (await client.get(widgets)).status, { timeout: 20_000 }).toBe(404)
    await define(api, widgetDefinition({ group }))
    expect(ok(await client.get(widgets)).items).toEqual([])
  })
})

describe('a schema', () => {
  const group = newGroup()
  const widgets = api.in('widgets', `${group}/v1`)
  const spec = {
    name: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
    color: { type: 'string', enum: ['red', 'green'], default: 'red' },
    count: { type: 'integer', minimum: 1, maximum: 10 },
    port: { 'x-kubernetes-int-or-string': true },
    when: { type: 'string', format: 'date-time' },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    tags: { type: 'array', maxItems: 2, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    low: { type: 'integer' },
    high: { type: 'integer' },
    fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }] },
    maybe: { type: 'string', nullable: true },
  }
  const ruled = {
    schema: {
      openAPIV3Schema: {
        type: 'object',
        required: ['spec'],
        properties: {
          spec: {
            type: 'object',
            properties: spec,
            'x-kubernetes-validations': [
              {
                rule: '!has(self.low) || !has(self.high) || self.low <= self.high',
                message: 'low must not be above high',
                fieldPath: '.low',
              },
              {
                rule: '!has(self.count) || self.count != 7',
                messageExpression: '"count is %d".format([self.count])',
                reason: 'FieldValueForbidden',
              },
            ],
          },
        },
      },
    },
  }
  const make = (fields: Record<string, unknown>, query = {}) =>
    client.create(widgets, widget(group, randomName('w'), fields), { query })

  test('refuses what does not fit, with the path and the reason', async () => {
    await define(api, widgetDefinition({ group, version: ruled }))
    const cases: [Record<string, unknown>, string, string][] = [
      [{ name: 'x' }, 'spec.name', 'spec.name: Invalid value: "x": spec.name in body should be at least 2 chars long'],
      [{ name: 'toolong' }, 'spec.name', 'spec.name: Too long: may not be more than 5 bytes'],
      [{ name: 'AB' }, 'spec.name', `spec.name: Invalid value: "AB": spec.name in body should match '^[a-z]+$'`],
      [{ color: 'blue' }, 'spec.color', 'spec.color: Unsupported value: "blue": supported values: "red", "green"'],
      [
        { count: 0 },
        'spec.count',
        'spec.count: Invalid value: 0: spec.count in body should be greater than or equal to 1',
      ],
      [
        { count: 11 },
        'spec.count',
        'spec.count: Invalid value: 11: spec.count in body should be less than or equal to 10',
      ],
      [
        { count: '1' },
        'spec.count',
        'spec.count: Invalid value: "string": spec.count in body must be of type integer: "string"',
      ],
      [{ tags: ['a', 'a'] }, 'spec.tags[1]', 'spec.tags[1]: Duplicate value: "a"'],
      [{ tags: ['a', 'b', 'c'] }, 'spec.tags', 'spec.tags: Too many: 3: must have at most 2 items'],
      [{ low: 2, high: 1 }, 'spec.low', 'low must not be above high'],
      [{ count: 7 }, 'spec', 'spec: Forbidden: count is 7'],
    ]
    for (const [fields, field, message] of cases) {
      const { status, json } = await make(fields)
      expect([fields, status]).toEqual([fields, 422])
      expect(json).toMatchObject(failure(422, 'Invalid'))
      expect(json.message).toContain(message)
      expect(json.details?.causes?.map((cause) => cause.field)).toContain(field)
    }
  })

  test('names what is missing', async () => {
    const { status, json } = await client.create(widgets, {
      apiVersion: `${group}/v1`,
      kind: 'Widget',
      metadata: { name: randomName('w') },
    })
    expect(status).toBe(422)
    expect(json.message).toContain('spec: Required value')
  })

  test('defaults what is left out, and null where null may not be', async () => {
    expect(ok(await make({}))['spec']).toEqual({ color: 'red' })
    expect(ok(await make({ color: null, maybe: null }))['spec']).toEqual({ color: 'red', maybe: null })
  })

  test('takes integers and strings where it says so', async () => {
    expect(ok(await make({ port: 80 }))['spec']).toMatchObject({ port: 80 })
    expect(ok(await make({ port: 'http' }))['spec']).toMatchObject({ port: 'http' })
    expect((await make({ port: true })).status).toBe(422)
  })

  test('drops unknown fields except where it keeps them', async () => {
    const made = await make({ unknown: 1, free: { anything: { goes: true } } })
    expect(made.status).toBe(201)
    expect(made.warnings).toEqual(['unknown field "spec.unknown"'])
    expect(made.json['spec']).toEqual({ color: 'red', free: { anything: { goes: true } } })
    const strict = await make({ unknown: 1 }, { fieldValidation: 'Strict' })
    expect([strict.status, strict.json['reason']]).toEqual([400, 'BadRequest'])
    expect(strict.json.message).toContain('strict decoding error: unknown field "spec.unknown"')
  })

  test('compares with what was', async () => {
    const made = ok(await make({ fixed: 'a' }))
    const path = `${widgets}/${made.metadata.name}`
    const { status, json } = await client.patch(path, 'merge', { spec: { fixed: 'b' } })
    expect(status).toBe(422)
    expect(json.message).toMatch(/spec\.fixed: Invalid value: "\w+": fixed is immutable/)
    ok(await client.patch(path, 'merge', { spec: { fixed: null } }))
    ok(await client.patch(path, 'merge', { spec: { fixed: 'c' } }))
  })
})

describe('several versions', () => {
  const group = newGroup()
  const version = (name: string, storage: boolean, more = {}) => ({
    name,
    served: true,
    storage,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { size: { type: 'integer' }, host: { type: 'string' } } } },
      },
    },
    ...more,
  })

  test('show the same objects under each name', async () => {
    const versions = [
      version('v1beta1', false, { deprecated: true }),
      version('v1', true, { selectableFields: [{ jsonPath: '.spec.host' }] }),
    ]
    await define(api, widgetDefinition({ group, definition: { versions, conversion: { strategy: 'None' } } }))
    const group1 = ok(await client.get(`/apis/${group}`))
    expect(group1['preferredVersion']).toMatchObject({ version: 'v1' })
    const old = api.in('widgets', `${group}/v1beta1`)
    const made = await client.create(old, widget(group, 'both', { size: 1, host: 'a' }, 'v1beta1'))
    expect(made.status).toBe(201)
    expect(made.json.apiVersion).toBe(`${group}/v1beta1`)
    expect(made.warnings).toEqual([`${group}/v1beta1 Widget is deprecated; use ${group}/v1 Widget`])
    const current = ok(await client.get(api.in('widgets/both', `${group}/v1`)))
    expect(current).toMatchObject({ apiVersion: `${group}/v1`, spec: { size: 1, host: 'a' } })
    expect(current.metadata.uid).toBe(made.json.metadata.uid)
    const stored = ok(await client.get(`${definitions}/widgets.${group}`))
    expect(stored['status']).toMatchObject({ storedVersions: ['v1'] })
  })

  test('are selected by the fields that their definition names', async () => {
    const widgets = api.in('widgets', `${group}/v1`)
    ok(await client.create(widgets, widget(group, 'other', { host: 'b' })))
    const found = ok(await client.get(widgets, { query: { fieldSelector: 'spec.host=b' } }))
    expect(found.items.map(({ metadata }) => metadata.name)).toEqual(['other'])
    const { status } = await client.get(widgets, { query: { fieldSelector: 'spec.size=1' } })
    expect(status).toBe(400)
  })

  test('that are no longer served are not found', async () => {
    const path = `${definitions}/widgets.${group}`
    ok(await client.patch(path, 'json', [{ op: 'replace', path: '/spec/versions/0/served', value: false }]))
    await expect
      .poll(async () => (await client.get(api.in('widgets', `${group}/v1beta1`))).status, { timeout: 20_000 })
      .toBe(404)
  })
})
