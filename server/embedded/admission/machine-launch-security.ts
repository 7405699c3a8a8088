import type { JsonObject } from '@/contract/json'
import type { MachineCheck, MachineRule } from './machine-check'
import { isSwitchedOn, objectAt, objectsAt, textAt, valueAt } from './machine-fields'

const kinds = { sev: 'SEV', snp: 'SNP', tdx: 'TDX' } as const
type Kind = keyof typeof kinds

/** Encrypted guests: one kind of encryption, and nothing beside it that would open it. */
export const checkLaunchSecurity: MachineRule = (check) => {
  const { field, spec, settings, causes } = check
  const security = objectAt(spec, 'domain', 'launchSecurity')
  const architecture = textAt(spec, 'architecture')
  if (!security || architecture === 's390x') return
  if (architecture !== 'amd64') {
    return causes.invalid(`${field}.architecture`, `No launchSecurity support for architecture: ${architecture}`)
  }
  const at = `${field}.launchSecurity`
  const [kind, ...others] = (Object.keys(kinds) as Kind[]).filter((name) => objectAt(security, name))
  if (kind === undefined || others.length > 0) {
    return causes.forbidden(at, 'One and only one launchSecurity type can be set')
  }
  const gate = kind === 'tdx' ? 'WorkloadEncryptionTDX' : 'WorkloadEncryptionSEV'
  if (!settings.has(gate)) return causes.invalid(at, `${gate} feature gate is not enabled in kubevirt-config`)
  for (const problem of problemsOf(kind, security, check)) causes.invalid(at, problem)
}

function problemsOf(kind: Kind, security: JsonObject, { spec }: MachineCheck): string[] {
  const problems: string[] = []
  if (kind === 'tdx' && isSwitchedOn(valueAt(spec, 'domain', 'features', 'smm'))) {
    problems.push('TDX does not work along with SMM')
  }
  problems.push(...firmwareProblems(kind, objectAt(spec, 'domain', 'firmware', 'bootloader', 'efi')))
  if (kind === 'sev' && spec['startStrategy'] !== 'Paused' && objectAt(security, 'sev', 'attestation')) {
    problems.push("SEV attestation requires VMI StartStrategy 'Paused'")
  }
  const bootable = objectsAt(spec, 'domain', 'devices', 'interfaces').filter(
    (entry) => valueAt(entry, 'bootOrder') !== undefined,
  )
  return [
    ...problems,
    ...bootable.map((entry) => `${kinds[kind]} does not work with bootable NICs: ${textAt(entry, 'name')}`),
  ]
}

function firmwareProblems(kind: Kind, efi: JsonObject | undefined): string[] {
  if (!efi) return [`${kinds[kind]} requires OVMF (UEFI)`]
  const problems: string[] = []
  if (kind !== 'tdx' && efi['secureBoot'] !== false) {
    problems.push(`${kinds[kind]} does not work along with SecureBoot`)
  }
  if (kind !== 'sev' && efi['persistent'] === true) {
    problems.push(`${kinds[kind]} does not work along with Persistent EFI variables`)
  }
  return problems
}
