import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { CloudInitSeed } from '@/server/operator/engine/hypervisor-port'
import { buildSeedImage } from './cloud-init'
import { isRoot } from './test-agent'

const directory = mkdtempSync(join(tmpdir(), 'chiave-seed-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const seed: CloudInitSeed = {
  name: 'cloudinit',
  type: 'noCloud',
  bus: 'virtio',
  device: 'disk',
  userData: '#cloud-config\npassword: sèsamo\n',
  networkData: 'version: 2\n',
  metaData: { 'instance-id': 'i-1', 'local-hostname': 'vm-1' },
}

function isoinfo(image: string, ...args: string[]): string {
  return execFileSync('isoinfo', ['-i', image, ...args], { encoding: 'utf8' })
}

test('a NoCloud image has the label and files cloud-init looks for, under their long names', async () => {
  const image = join(directory, 'no-cloud.iso')
  await buildSeedImage(seed, image, undefined)
  expect(isoinfo(image, '-d')).toMatch(/Volume id: cidata\n/)
  expect(isoinfo(image, '-R', '-f').trim().split('\n').sort()).toEqual(['/meta-data', '/network-config', '/user-data'])
  expect(isoinfo(image, '-R', '-x', '/user-data')).toBe(seed.userData)
  expect(JSON.parse(isoinfo(image, '-R', '-x', '/meta-data'))).toEqual(seed.metaData)
})

test('a ConfigDrive image has OpenStack’s layout', async () => {
  const image = join(directory, 'config-drive.iso')
  const { networkData: _networkData, ...rest } = seed
  await buildSeedImage({ ...rest, type: 'configDrive' }, image, undefined)
  expect(isoinfo(image, '-d')).toMatch(/Volume id: config-2\n/)
  const files = isoinfo(image, '-R', '-f').trim().split('\n').sort()
  expect(files).toEqual([
    '/openstack',
    '/openstack/latest',
    '/openstack/latest/meta_data.json',
    '/openstack/latest/user_data',
  ])
})

test('only the guest’s user can read it, and nothing of its making is left', async () => {
  const image = join(directory, 'private.iso')
  await buildSeedImage(seed, image, isRoot ? 71_999 : undefined)
  const { mode, uid } = statSync(image)
  expect(mode & 0o777).toBe(0o600)
  if (isRoot) expect(uid).toBe(71_999)
  expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual([])
})
