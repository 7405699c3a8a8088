import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isJsonObject, type JsonObject } from '@/contract/json'
import { startTestServer, type TestServer, virtualMachine, virtualMachines } from '../testing/start-test-server'
import { disks, nic } from './machine-rows.fixture'
import { names, placement, processors } from './machine-rules-compute.fixture'
import { devices, networks } from './machine-rules-devices.fixture'
import { storage } from './machine-rules-storage.fixture'

let server: TestServer
let number = 0
let name: string
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(() => {
  name = `m${number++}`
})

/** Puts values at paths such as `spec.domain.cpu` of a template; undefined takes a field away. */
function change(template: JsonObject, values: JsonObject): void {
  for (const [path, value] of Object.entries(values)) {
    const steps = path.split('.')
    const last = steps.pop() ?? ''
    let place: JsonObject = template
    for (const step of steps) {
      const next = place[step]
      place = isJsonObject(next) ? next : ((place[step] = {}) as JsonObject)
    }
    if (value === undefined) delete place[last]
    else place[last] = value
  }
}

async function refusal(values: JsonObject): Promise<JsonObject> {
  const machine = virtualMachine(name)
  change(machine.spec['template'] as JsonObject, values) // as the fixture has it
  return (await server.call('POST', virtualMachines, { body: machine })).json
}

describe.each([
  ['names', names],
  ['memory and CPU', processors],
  ['placement', placement],
  ['storage', storage],
  ['networks', networks],
  ['devices', devices],
] as const)('%s: a machine is refused with', (_group, rows) => {
  test.each(rows)('%s', async (_what, values, words, field) => {
    const answer = await refusal(values)
    expect(answer).toMatchObject({ code: 422, reason: 'Invalid' })
    const causes = isJsonObject(answer['details']) ? answer['details']['causes'] : []
    expect(causes).toContainEqual(expect.objectContaining({ message: words, field }))
    expect(answer['message']).toMatch(
      /^admission webhook "virtualmachine-validator\.kubevirt\.io" denied the request: /,
    )
    expect(answer['message']).toContain(words)
  })
})

describe('a machine is taken with', () => {
  test.each<[string, JsonObject]>([
    ['no memory', { 'spec.domain.memory': undefined }],
    [
      'more memory than its limit, which growing will mend',
      { 'spec.domain.resources': { limits: { memory: '64Mi' } } },
    ],
    ['a multicast address', nic({ masquerade: {}, macAddress: '01:00:5e:00:00:01' })],
    ['a CD-ROM on USB', disks({ name: 'root', cdrom: { bus: 'usb' } })],
    ['an empty CD-ROM', disks({ name: 'root', disk: {} }, { name: 'drive', cdrom: { bus: 'sata' } })],
    ['no time to shut down', { 'spec.terminationGracePeriodSeconds': -1 }],
    ['a volume without disk', disks()],
    ['EFI without secure boot', { 'spec.domain.firmware': { bootloader: { efi: { secureBoot: false } } } }],
    [
      'secure boot and SMM',
      { 'spec.domain.firmware': { bootloader: { efi: {} } }, 'spec.domain.features': { smm: {} } },
    ],
    [
      'no network',
      {
        'spec.domain.devices.interfaces': [],
        'spec.networks': [],
        'spec.domain.devices.autoattachPodInterface': false,
      },
    ],
  ])('%s', async (_what, values) => {
    expect(await refusal(values)).toMatchObject({ kind: 'VirtualMachine', metadata: { name } })
  })
})

test('only the first ten faults are told, and how many more there are', async () => {
  const answer = await refusal({
    'spec.accessCredentials': Array.from({ length: 13 }, () => ({})),
  })
  expect(answer['message']).toMatch(/, and 3 more validation errors$/)
  expect(isJsonObject(answer['details']) && answer['details']['causes']).toHaveLength(10)
})

test('what is missing or cannot be read is refused before the rules are asked', async () => {
  expect(await refusal({ spec: {} })).toMatchObject({
    code: 422,
    message:
      'admission webhook "virtualmachines-mutator.kubevirt.io" denied the request: spec.template.spec.domain in body is required',
  })
  const unread = await refusal({ 'spec.domain.memory': { guest: 'much' } })
  expect(unread).toMatchObject({
    code: 400,
    message:
      'admission webhook "virtualmachines-mutator.kubevirt.io" denied the request: quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
  })
  expect(unread['reason']).toBeUndefined()
})
