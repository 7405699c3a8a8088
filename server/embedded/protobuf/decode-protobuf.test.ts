import { expect, test } from 'vitest'
import { StatusError } from '../errors/status-error'
import { decodeProtobuf } from './decode-protobuf'

function field(number: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
}

function int(number: number, value: number): Buffer {
  return Buffer.from([number << 3, value])
}

function envelope(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const typeMeta = Buffer.concat([field(1, apiVersion), field(2, kind)])
  return Buffer.concat([Buffer.from('k8s\0'), field(1, typeMeta), field(2, raw)])
}

test('reads a core kind as its JSON would be', () => {
  const entry = (key: string, value: string) => Buffer.concat([field(1, key), field(2, value)])
  const metadata = Buffer.concat([
    field(1, 'web'),
    field(3, ''),
    // creationTimestamp, empty as clients send it
    field(8, Buffer.alloc(0)),
    field(11, entry('a', 'b')),
    field(11, entry('c', '')),
    field(14, 'x.y/z'),
  ])
  const secret = Buffer.concat([field(1, metadata), field(2, entry('k', 'v')), field(3, 'Opaque'), int(5, 1)])
  expect(decodeProtobuf(envelope('v1', 'Secret', secret))).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'web', labels: { a: 'b', c: '' }, finalizers: ['x.y/z'] },
    data: { k: Buffer.from('v').toString('base64') },
    type: 'Opaque',
    immutable: true,
  })
})

test('reads times, quantities and numbers', () => {
  const time = Buffer.concat([Buffer.from([1 << 3, 0x80, 0xe1, 0xeb, 0x17]), int(2, 0)])
  const lease = Buffer.concat([field(2, Buffer.concat([field(1, 'me'), int(2, 15), field(4, time)]))])
  expect(decodeProtobuf(envelope('coordination.k8s.io/v1', 'Lease', lease))).toMatchObject({
    spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: '1971-08-02T16:53:20.000000Z' },
  })
  const requests = Buffer.concat([field(1, 'storage'), field(2, field(1, '1Gi'))])
  const claim = field(2, field(2, field(2, requests)))
  expect(decodeProtobuf(envelope('v1', 'PersistentVolumeClaim', claim))).toMatchObject({
    spec: { resources: { requests: { storage: '1Gi' } } },
  })
})

test('refuses kinds it does not know with 415 and what is broken with 400', () => {
  const code = (body: Buffer): number => {
    try {
      decodeProtobuf(body)
    } catch (error) {
      if (error instanceof StatusError) return error.code
      throw error
    }
    return 200
  }
  expect(code(envelope('v1', 'Unheard', Buffer.alloc(0)))).toBe(415)
  expect(code(Buffer.from('{}'))).toBe(400)
  expect(code(envelope('v1', 'Secret', Buffer.from([0x0a, 0x7f])))).toBe(400)
  // Cut short anywhere it is refused or read as far as it goes: nothing else is thrown.
  const whole = envelope('v1', 'Secret', field(1, field(1, 'x')))
  for (let cut = 0; cut <= whole.length; cut++) expect([200, 400, 415]).toContain(code(whole.subarray(0, cut)))
})
