import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { probeAccelerator, probeKvm } from './kvm-probe'
import { assembleListing } from './probe-boot-sector'
import { requireProgram } from './programs'

const qemu = await requireProgram('qemu-system-x86_64', 'qemu-system-x86')

test('a guest that computes in 64-bit mode passes in software emulation', async () => {
  expect(await probeAccelerator({ qemu, accelerator: 'tcg', timeout: 15_000 })).toEqual({ outcome: 'passed' })
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('chiave-probe-'))).toEqual([])
})

test('a guest that stays in real mode does not pass, though it says it is alive', async () => {
  // mov al, 'R'; out 0xe9, al; hlt
  const bootSector = assembleListing('b0 52 e6 e9\nf4 eb fd')
  expect(await probeAccelerator({ qemu, accelerator: 'tcg', bootSector, timeout: 1_500 })).toEqual({ outcome: 'hung' })
})

test('a guest that ends QEMU from real mode does not pass either', async () => {
  // mov al, 'R'; out 0xe9, al; mov al, 0x2a; out 0xf4, al
  const bootSector = assembleListing('b0 52 e6 e9\nb0 2a e6 f4')
  expect((await probeAccelerator({ qemu, accelerator: 'tcg', bootSector, timeout: 15_000 })).outcome).toBe('failed')
})

test('a CPU without long mode is told apart', async () => {
  const result = await probeAccelerator({ qemu, accelerator: 'tcg', cpuModel: 'qemu32', timeout: 15_000 })
  expect(result).toEqual({ outcome: 'no-long-mode' })
})

test('a device that is missing, or is not KVM, is a sentence for people', async () => {
  const missing = await probeKvm({ qemu, device: '/dev/no-such-device' })
  expect(missing).toMatchObject({ usable: false, reason: expect.stringMatching(/^The processor offers .+\.$/) })
  // Where there is no KVM, a device node in its place proves nothing.
  if (existsSync('/dev/kvm')) return
  const impostor = await probeKvm({ qemu, device: '/dev/null' })
  expect(impostor).toMatchObject({ usable: false, reason: expect.stringContaining('does not work') })
})
