import { access } from 'node:fs/promises'
import { HypervisorError, type MachineSpec } from '@/server/operator/engine/hypervisor-port'

export interface FirmwareFiles {
  code: string
  /** The variables' template; every machine gets a copy. */
  variables: string
}

/** EFI firmware of this host. */
export interface Firmware {
  efi?: FirmwareFiles
  efiSecureBoot?: FirmwareFiles
}

// Debian and Ubuntu, then Fedora and its relatives, then openSUSE; the first that is there is used.
const plain: FirmwareFiles[] = [
  { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  { code: '/usr/share/OVMF/OVMF_CODE.fd', variables: '/usr/share/OVMF/OVMF_VARS.fd' },
  { code: '/usr/share/edk2/ovmf/OVMF_CODE.fd', variables: '/usr/share/edk2/ovmf/OVMF_VARS.fd' },
  { code: '/usr/share/qemu/ovmf-x86_64-code.bin', variables: '/usr/share/qemu/ovmf-x86_64-vars.bin' },
]
// With Microsoft's keys enrolled, as guests expect.
const secure: FirmwareFiles[] = [
  { code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd' },
  { code: '/usr/share/OVMF/OVMF_CODE.secboot.fd', variables: '/usr/share/OVMF/OVMF_VARS.ms.fd' },
  { code: '/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd', variables: '/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd' },
]

export async function findFirmware(): Promise<Firmware> {
  const [efi, efiSecureBoot] = await Promise.all([firstPresent(plain), firstPresent(secure)])
  return { ...(efi ? { efi } : {}), ...(efiSecureBoot ? { efiSecureBoot } : {}) }
}

/** The files a machine needs; none for BIOS, which QEMU brings along. Throws HypervisorError Unsupported. */
export function firmwareFor(spec: MachineSpec, firmware: Firmware): FirmwareFiles | undefined {
  if (spec.firmware.type === 'bios') return undefined
  const files = spec.firmware.secureBoot ? firmware.efiSecureBoot : firmware.efi
  if (files) return files
  const what = spec.firmware.secureBoot ? 'EFI firmware with secure boot' : 'EFI firmware'
  throw new HypervisorError('Unsupported', `This host has no ${what} (Debian package ovmf).`)
}

async function firstPresent(candidates: FirmwareFiles[]): Promise<FirmwareFiles | undefined> {
  for (const files of candidates) {
    try {
      await Promise.all([access(files.code), access(files.variables)])
      return files
    } catch {
      // Not this distribution: the next pair.
    }
  }
  return undefined
}
