import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../log'
import {
  type Answer,
  configMap,
  configMaps,
  startTestServer,
  strangerToken,
  type TestServer,
  virtualMachine,
  virtualMachines,
} from '../testing/start-test-server'

let server: TestServer
let name: string
let number = 0
const lines: object[] = []

beforeAll(async () => {
  const log = { ...silentLog, info: (fields: object) => lines.push(fields) }
  server = await startTestServer({ admission: [], log })
})
afterAll(() => server.close())
beforeEach(() => {
  number++
  name = `policy-${number}`
})

const root = '/apis/admissionregistration.k8s.io/v1'
const anyConfigMap = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['configmaps'] },
  ],
}

function policy(spec: object): Promise<Answer> {
  return server.call('POST', `${root}/validatingadmissionpolicies`, {
    body: {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        matchConstraints: {
          ...anyConfigMap,
          objectSelector: { matchLabels: { policy: name } },
        },
        ...spec,
      },
    },
  })
}

function bind(spec: object = {}): Promise<Answer> {
  return server.call('POST', `${root}/validatingadmissionpolicybindings`, {
    body: {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'], ...spec },
    },
  })
}

const create = (suffix: string, data: Record<string, string> = {}) =>
  server.call('POST', configMaps, { body: configMap(`${name}-${suffix}`, data, { policy: name }) })

describe('ValidatingAdmissionPolicy', () => {
  test('denies what its expressions refuse, once it is bound', async () => {
    const made = await policy({ validations: [{ expression: "object.data.size == 'small'" }] })
    expect(made.json).toMatchObject({
      spec: { failurePolicy: 'Fail', matchConstraints: { matchPolicy: 'Equivalent', namespaceSelector: {} } },
      status: { observedGeneration: 1 },
    })
    expect((await create('free', { size: 'large' })).status).toBe(201)
    await bind()
    expect((await create('a', { size: 'small' })).status).toBe(201)
    const refused = await create('b', { size: 'large' })
    const message = `ValidatingAdmissionPolicy '${name}' with binding '${name}' denied request: failed expression: object.data.size == 'small'`
    expect(refused.json).toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: `configmaps "${name}-b" is forbidden: ${message}`,
      details: { name: `${name}-b`, kind: 'configmaps', causes: [{ message }] },
    })
    expect(
      (await server.call('POST', configMaps, { body: configMap(`${name}-other`, { size: 'large' }) })).status,
    ).toBe(201)
  })

  test('to be audited, refuses nothing, says nothing, and leaves its trace', async () => {
    await policy({
      validations: [{ expression: 'false', message: 'as always' }],
      auditAnnotations: [
        { key: 'who', valueExpression: "'by ' + request.userInfo.username" },
        { key: 'nothing', valueExpression: 'null' },
      ],
    })
    await bind({ validationActions: ['Audit'] })
    const made = await create('a')
    expect([made.status, made.headers['warning']]).toEqual([201, undefined])
    const failure = { message: 'as always', policy: name, binding: name, validationActions: ['Audit'] }
    expect(lines.at(-1)).toMatchObject({
      audit: true,
      operation: 'CREATE',
      resource: 'configmaps',
      name: `${name}-a`,
      annotations: {
        [`${name}/who`]: 'by admin',
        'validation.policy.admission.k8s.io/validation_failure': JSON.stringify([failure]),
      },
    })
    expect(lines.at(-1)).not.toHaveProperty(['annotations', `${name}/nothing`])
  })

  test('an annotation that cannot be had refuses the request, unless the policy lets failures pass', async () => {
    await policy({ auditAnnotations: [{ key: 'size', valueExpression: 'object.nothing.there' }] })
    await bind({ validationActions: ['Audit', 'Deny'] })
    expect((await create('a')).json['message']).toMatch(/object\.nothing\.there' resulted in error/)
  })

  test('sees objects in the version that its rules name, whichever they are written in', async () => {
    const rule = { apiGroups: ['kubevirt.io'], operations: ['CREATE'], resources: ['virtualmachines'] }
    await policy({
      matchConstraints: { resourceRules: [{ ...rule, apiVersions: ['v1'] }] },
      validations: [
        { expression: "object.metadata.name != request.name || object.apiVersion == 'kubevirt.io/v1'" },
        { expression: "request.kind.version == 'v1'" },
        { expression: "request.requestKind.version == 'v1'", message: 'not asked for in v1' },
      ],
    })
    await bind()
    const older = await server.call('POST', virtualMachines.replace('/v1/', '/v1alpha3/'), {
      body: { ...virtualMachine(name), apiVersion: 'kubevirt.io/v1alpha3' },
    })
    expect(older.json['message']).toMatch(/denied request: not asked for in v1$/)
    expect((await server.call('POST', virtualMachines, { body: virtualMachine(name) })).status).toBe(201)
  })

  test('says it in its own words, with its own reason', async () => {
    await policy({
      validations: [
        { expression: "!has(object.data.x) || object.data.x != 'y'", message: 'no y', reason: 'Forbidden' },
        { expression: 'object.data.size() < 2', messageExpression: "'too many: ' + string(object.data.size())" },
      ],
    })
    await bind()
    expect((await create('a', { x: 'y' })).json).toMatchObject({ code: 403, reason: 'Forbidden' })
    expect((await create('b', { a: '', b: '' })).json['message']).toMatch(/denied request: too many: 2$/)
  })

  test('knows who asks, what was, and where', async () => {
    await policy({
      variables: [
        { name: 'who', expression: 'request.userInfo.username' },
        { name: 'masters', expression: "'system:masters' in request.userInfo.groups && variables.who == 'admin'" },
      ],
      validations: [
        { expression: 'variables.masters' },
        {
          expression:
            "request.operation != 'UPDATE' || (oldObject.data.keep == object.data.keep && request.name == object.metadata.name)",
        },
        { expression: "namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'default'" },
        { expression: "request.operation != 'DELETE' || object == null" },
        { expression: "authorizer.group('').resource('secrets').namespace('x').check('get').allowed()" },
        { expression: "authorizer.requestResource.check('create').allowed()" },
        { expression: "!authorizer.serviceAccount('a', 'b').group('').resource('secrets').check('get').allowed()" },
      ],
    })
    await bind()
    expect((await create('a', { keep: '1' })).json['message']).toBeUndefined()
    const change = (body: object) =>
      server.call('PATCH', `${configMaps}/${name}-a`, {
        body,
        headers: { 'Content-Type': 'application/merge-patch+json' },
      })
    expect((await change({ data: { other: '2' } })).status).toBe(200)
    expect((await change({ data: { keep: '2' } })).status).toBe(422)
    expect((await server.call('DELETE', `${configMaps}/${name}-a`)).status).toBe(200)
  })

  test('takes parameters, and is refused without them when the binding says so', async () => {
    await policy({
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [{ expression: 'object.data.size() <= int(params.data.max)' }],
    })
    await bind({ paramRef: { name: `${name}-param`, namespace: 'default', parameterNotFoundAction: 'Deny' } })
    expect((await create('a')).json['message']).toMatch(
      /denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
    )
    await server.call('POST', configMaps, { body: configMap(`${name}-param`, { max: '1' }) })
    expect((await create('a', { x: '' })).status).toBe(201)
    expect((await create('b', { x: '', y: '' })).status).toBe(422)
  })

  test('warns instead of denying', async () => {
    await policy({ validations: [{ expression: 'false', message: 'careful' }] })
    await bind({ validationActions: ['Warn', 'Audit'] })
    const made = await create('a')
    expect(made.status).toBe(201)
    expect(made.headers['warning']).toBe(
      `299 - "Validation failed for ValidatingAdmissionPolicy '${name}' with binding '${name}': careful"`,
    )
  })

  test('fails or not, as it says, when an expression cannot be evaluated', async () => {
    await policy({ validations: [{ expression: 'object.nothing.there' }] })
    await bind()
    expect((await create('a')).json['message']).toMatch(
      /denied request: expression 'object\.nothing\.there' resulted in error: no such key: nothing$/,
    )
    await server.call('PATCH', `${root}/validatingadmissionpolicies/${name}`, {
      body: { spec: { failurePolicy: 'Ignore' } },
      headers: { 'Content-Type': 'application/merge-patch+json' },
    })
    expect((await create('a')).status).toBe(201)
  })

  test('is about what its conditions and rules choose', async () => {
    await policy({
      matchConditions: [{ name: 'marked', expression: "has(object.data) && 'mark' in object.data" }],
      validations: [{ expression: 'false' }],
    })
    await bind({ matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } } })
    expect((await create('a')).status).toBe(201)
    expect((await create('b', { mark: '' })).status).toBe(422)
  })

  test('holds for a dry run, and for a collection that is deleted', async () => {
    await create('kept')
    await policy({ validations: [{ expression: "request.operation != 'DELETE'" }] })
    await bind()
    const gone = await server.call('DELETE', `${configMaps}?labelSelector=policy%3D${name}`)
    expect(gone.status).toBe(422)
    expect((await server.call('DELETE', `${configMaps}/${name}-kept?dryRun=All`)).status).toBe(422)
  })

  test.each<[string, object, string]>([
    [
      'does not parse',
      { validations: [{ expression: 'object.' }] },
      'spec.validations[0].expression: Invalid value: "object.": compilation failed: ERROR',
    ],
    ['has the wrong type', { validations: [{ expression: "'yes'" }] }, 'must evaluate to bool'],
    [
      'adds what cannot be added',
      { validations: [{ expression: "1 + 'a' == 2" }] },
      "found no matching overload for 'int + string'",
    ],
    ['names what is not there', { validations: [{ expression: 'params.x' }] }, "undeclared reference to 'params'"],
    ['names a variable that is none', { validations: [{ expression: 'variables.x == 1' }] }, "undefined field 'x'"],
    ['says nothing', {}, 'spec.validations: Required value: validations or auditAnnotations must be contained'],
    [
      'matches nothing',
      { matchConstraints: {}, validations: [{ expression: 'true' }] },
      'spec.matchConstraints.resourceRules: Required value',
    ],
  ])('is refused when it %s', async (_what, spec, message) => {
    const refused = await policy(spec)
    expect(refused.status).toBe(422)
    expect(refused.json['message']).toContain(message)
  })

  test('a binding says what is wrong with it', async () => {
    expect((await bind({ policyName: '', validationActions: ['Deny', 'Warn'] })).json['message']).toContain(
      '[spec.policyName: Required value, spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn',
    )
  })

  test('nobody without permission writes one', async () => {
    const answer = await server.call('POST', `${root}/validatingadmissionpolicies`, { body: {}, token: strangerToken })
    expect(answer.status).toBe(403)
  })
})
