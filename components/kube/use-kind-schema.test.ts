import { expect, test } from 'vitest'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import { schemaOf } from './use-kind-schema'

const document = {
  components: {
    schemas: {
      'io.kubevirt.v1.VirtualMachine': {
        'x-kubernetes-group-version-kind': [{ group: 'kubevirt.io', version: 'v1', kind: 'VirtualMachine' }],
        properties: { metadata: { $ref: '#/components/schemas/Meta' } },
      },
      Meta: { type: 'object' },
    },
  },
}

test('a kind’s schema is found by its group, version and kind, and its references stay inside it', () => {
  expect(schemaOf(document, virtualMachineKind)).toMatchObject({
    properties: { metadata: { $ref: '#/definitions/Meta' } },
    definitions: { Meta: { type: 'object' } },
  })
})

test('a document without the kind has no schema for it', () => {
  expect(schemaOf(document, { group: '', version: 'v1', kind: 'Pod' })).toBeUndefined()
  expect(schemaOf('not JSON', virtualMachineKind)).toBeUndefined()
})
