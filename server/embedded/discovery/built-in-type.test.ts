import { describe, expect, test } from 'vitest'
import { applyStrategicMerge } from '@/contract/strategic-merge'
import { testSchemas } from '../testing/start-test-server'
import { BuiltInSchemas } from './built-in-schemas'
import { mergeKeysOf } from './merge-keys'
import { SchemaFiles } from './schema-files'

const schemas = new BuiltInSchemas(new SchemaFiles(testSchemas))

function type(kind: string, group = '', version = 'v1') {
  const found = schemas.typeOf({ group, version, kind })
  if (!found) throw new Error(`no type ${kind}`)
  return found
}

/** Prunes an object; what was unknown. */
function pruned(kind: string, object: object, group?: string): string[] {
  const unknown: string[] = []
  type(kind, group).prune(object, unknown)
  return unknown
}

describe('a built-in type', () => {
  test('drops what it does not know, and names it', () => {
    const pod = {
      metadata: { name: 'a', nmae: 'b', creationTimestamp: null },
      spec: { containers: [{ name: 'c', image: 'i', imag: 'x', resources: { limits: { cpu: 1 } } }], volums: [] },
      extra: 1,
    }
    expect(pruned('Pod', pod)).toEqual(['metadata.nmae', 'spec.containers[0].imag', 'spec.volums', 'extra'])
    expect(pod).toEqual({
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: 1 } } }] },
    })
  })

  test('keeps what may be anything', () => {
    const revision = { metadata: { name: 'a' }, data: { spec: { any: [1, { deep: null }] } }, revision: 1 }
    expect(pruned('ControllerRevision', revision, 'apps')).toEqual([])
    const definition = {
      spec: {
        versions: [
          {
            name: 'v1',
            schema: {
              openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { a: {} } } } },
            },
          },
        ],
      },
    }
    const before = structuredClone(definition)
    expect(pruned('CustomResourceDefinition', definition, 'apiextensions.k8s.io')).toEqual([])
    expect(definition).toEqual(before)
  })

  test.each([
    [
      'ConfigMap',
      { data: { a: 1 } },
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ],
    [
      'Pod',
      { spec: { containers: [{ ports: [{ containerPort: '80' }] }] } },
      'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      'Pod',
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    ['Pod', { spec: 'x' }, 'json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec'],
    [
      'Pod',
      { metadata: { labels: { a: true } } },
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    ['Secret', { data: { a: '***' } }, 'illegal base64 data at input byte 0'],
    [
      'PersistentVolumeClaim',
      { spec: { resources: { requests: { storage: 'many' } } } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
  ])('says of %s %j what Go says', (kind, object, words) => {
    expect(type(kind).typeError(object)).toBe(words)
  })

  test('takes what Go takes', () => {
    expect(
      type('Service').typeError({
        spec: {
          ports: [
            { port: 80, targetPort: 'web' },
            { port: 81, targetPort: 81 },
          ],
        },
      }),
    ).toBe(undefined)
    expect(
      type('PersistentVolumeClaim').typeError({ spec: { resources: { requests: { storage: '1.5Gi', cpu: 0.5 } } } }),
    ).toBe(undefined)
    expect(type('Pod').typeError({ metadata: { creationTimestamp: null }, spec: { containers: null } })).toBe(undefined)
  })
})

describe('a strategic merge of a built-in kind', () => {
  const target = { version: { schema: schemas.schemaOfBuiltIn({ group: 'apps', version: 'v1', kind: 'Deployment' }) } }
  // Of a target no more is looked at.
  const mergeKeys = mergeKeysOf(target as unknown as Parameters<typeof mergeKeysOf>[0])

  test('goes by the keys of its schema, however deep', () => {
    const container = (extra: object) => ({ spec: { template: { spec: { containers: [{ name: 'a', ...extra }] } } } })
    const old = container({ image: 'i', env: [{ name: 'x', value: '1' }], args: ['a'] })
    const patch = container({ env: [{ name: 'y', value: '2' }], args: ['b'] })
    expect(applyStrategicMerge(old, patch, mergeKeys)).toEqual(
      container({
        image: 'i',
        env: [
          { name: 'x', value: '1' },
          { name: 'y', value: '2' },
        ],
        args: ['b'],
      }),
    )
  })

  test('merges finalizers as a set and replaces tolerations', () => {
    expect(mergeKeys('metadata.finalizers')).toBe('')
    expect(mergeKeys('metadata.ownerReferences')).toBe('uid')
    expect(mergeKeys('spec.template.spec.tolerations')).toBe(undefined)
    expect(mergeKeys('status.conditions')).toBe('type')
  })
})
