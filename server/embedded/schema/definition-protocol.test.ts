import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '@/contract/json'
import { define, definition, definitions, object, text } from '../testing/custom-kind'
import { startTestServer, type TestServer } from '../testing/start-test-server'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

describe('definitions', () => {
  const path = 'spec.validation.openAPIV3Schema.properties[spec]'

  test.each<[string, JsonObject, string]>([
    [
      'a field without a type',
      object({ a: {} }),
      `${path}.properties[a].type: Required value: must not be empty for specified object fields`,
    ],
    [
      'an array without items',
      object({ a: { type: 'array' } }),
      `${path}.properties[a].items: Required value: must be specified`,
    ],
    [
      'a junctor that says more than the structure',
      object({ a: text }, { anyOf: [{ required: ['a'], properties: { b: { minLength: 1 } } }] }),
      `${path}.properties[b]: Required value: because it is defined in ${path}.anyOf[0].properties[b]`,
    ],
    [
      'a type inside a junctor',
      object({ a: text }, { allOf: [{ properties: { a: { type: 'string' } } }] }),
      `${path}.allOf[0].properties[a].type: Forbidden: must be empty to be structural`,
    ],
    [
      'a default of the wrong type',
      object({ a: { type: 'string', default: 1 } }),
      `${path}.properties[a].default: Invalid value: "integer":  in body must be of type string: "integer"`,
    ],
    [
      'a key that entries need not have',
      object({
        a: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: object({ name: text }),
        },
      }),
      `${path}.properties[a].items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
    ],
    [
      'a pattern that is none',
      object({ a: { type: 'string', pattern: '(' } }),
      `${path}.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: `,
    ],
    [
      'a rule that does not compile',
      object({ a: text }, { 'x-kubernetes-validations': [{ rule: 'self.b == 1' }] }),
      `${path}.x-kubernetes-validations[0].rule: Invalid value: "self.b == 1": compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b == 1\n | ....^`,
    ],
    [
      'a rule that is no condition',
      object({ a: text }, { 'x-kubernetes-validations': [{ rule: 'self.a' }] }),
      `${path}.x-kubernetes-validations[0].rule: Invalid value: "self.a": compilation failed: cel expression must evaluate to a bool`,
    ],
    [
      'a rule that compares what cannot be equal',
      object({ a: text }, { 'x-kubernetes-validations': [{ rule: 'self.a == 1' }] }),
      `${path}.x-kubernetes-validations[0].rule: Invalid value: "self.a == 1": compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(string, int)'\n | self.a == 1\n | .......^`,
    ],
    [
      'a rule that calls what its value does not have',
      object(
        {
          a: { type: 'array', items: object({ n: { type: 'integer' } }), maxItems: 3 },
        },
        { 'x-kubernetes-validations': [{ rule: "self.a.all(x, x.n.startsWith('b'))" }] },
      ),
      `${path}.x-kubernetes-validations[0].rule: Invalid value: "self.a.all(x, x.n.startsWith('b'))": compilation failed: ERROR: <input>:1:29: found no matching overload for 'startsWith' applied to 'int.(string)'`,
    ],
    [
      'a rule that could take too long',
      object({
        a: {
          type: 'array',
          items: text,
          'x-kubernetes-validations': [{ rule: "self.all(x, x.contains('a string'))" }],
        },
      }),
      `${path}.properties[a].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
    ],
    [
      'rules that together could take too long',
      object({
        a: {
          type: 'array',
          items: text,
          'x-kubernetes-validations': [{ rule: "self.all(x, x.contains('a string'))" }],
        },
      }),
      `${path.split('.properties')[0]}: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x`,
    ],
    [
      'a message that could become too long',
      object(
        { a: text },
        {
          'x-kubernetes-validations': [{ rule: "self.a != ''", messageExpression: "'a is ' + string(self.a.size())" }],
        },
      ),
      `${path}.x-kubernetes-validations[0].messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x`,
    ],
    [
      'a default that its rules refuse',
      object({
        a: {
          ...object({ min: { type: 'integer', default: 1 } }, { default: {} }),
          'x-kubernetes-validations': [{ rule: 'self.min > 0' }],
        },
      }),
      `${path}.properties[a].default: Invalid value: "object": no such key: min evaluating rule: self.min > 0`,
    ],
    [
      'a comparison where nothing is comparable',
      object({
        a: { type: 'array', items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] } },
      }),
      `${path}.properties[a].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${path}.properties[a]`,
    ],
  ])('refuses %s', async (_what, spec, words) => {
    const answer = await server.call('POST', definitions, { body: definition([{ spec }]) })
    expect(answer.json['code']).toBe(422)
    expect(answer.json['message']).toContain(words)
  })

  test('bounds make the same rule cheap enough', async () => {
    const a = {
      type: 'array',
      maxItems: 25,
      items: { type: 'string', maxLength: 10 },
      'x-kubernetes-validations': [{ rule: "self.all(x, x.contains('a string'))" }],
    }
    const answer = await server.call('POST', definitions, { body: definition([{ spec: object({ a }) }]) })
    expect(answer.status).toBe(201)
  })

  test('the second with the same names waits until they are free', async () => {
    const first = definition([{ spec: object({}) }], { shortNames: ['wi'] })
    const second = definition([{ spec: object({}) }], { shortNames: ['wi'] })
    await server.call('POST', definitions, { body: first })
    const waiting = await server.call('POST', definitions, { body: second })
    expect(waiting.json['status']).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', status: 'False', reason: 'ShortNamesConflict', message: '"wi" is already in use' },
        { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
      ],
    })
    const objects = `/apis/example.com/v1/namespaces/default/${second.spec.names.plural}`
    expect((await server.call('GET', objects)).status).toBe(404)
    await server.call('DELETE', `${definitions}/${first.metadata.name}`)
    await expect.poll(async () => (await server.call('GET', objects)).status).toBe(200)
  })

  test('of Kubernetes’ own groups say who approved them', async () => {
    const body = definition([{ spec: object({}) }])
    body.spec.group = 'example.k8s.io'
    body.metadata.name = `${body.spec.names.plural}.example.k8s.io`
    const refused = await server.call('POST', definitions, { body })
    expect(refused.json['message']).toContain(
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io"',
    )
    const annotations = { 'api-approved.kubernetes.io': 'unapproved, testing only' }
    const accepted = await server.call('POST', definitions, {
      body: { ...body, metadata: { ...body.metadata, annotations } },
    })
    expect(accepted.json['status']).toMatchObject({
      conditions: [
        {},
        {},
        { type: 'KubernetesAPIApprovalPolicyConformant', status: 'False', reason: 'UnapprovedAnnotation' },
      ],
    })
  })

  test('keep their group, plural, kind and scope, and the versions objects are stored in', async () => {
    const { body } = await define(server, { name: 'v1', spec: object({}) })
    const change = (spec: JsonObject) =>
      server.call('PATCH', `${definitions}/${body.metadata.name}`, {
        body: { spec },
        headers: { 'Content-Type': 'application/merge-patch+json' },
      })
    expect((await change({ scope: 'Cluster' })).json['message']).toContain(
      'spec.scope: Invalid value: "Cluster": field is immutable',
    )
    expect((await change({ names: { kind: 'Other' } })).json['message']).toContain(
      'spec.names.kind: Invalid value: "Other": field is immutable',
    )
    const renamed = body.spec.versions.map((version) => ({ ...version, name: 'v2' }))
    expect((await change({ versions: renamed })).json['message']).toContain(
      'status.storedVersions[0]: Invalid value: "v1": must appear in spec.versions',
    )
  })
})
