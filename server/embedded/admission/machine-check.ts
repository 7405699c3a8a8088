import type { JsonObject } from '@/contract/json'
import type { Causes } from './causes'
import type { MachineSettings } from './machine-settings'

/** A machine's spec under examination. */
export interface MachineCheck {
  /** Where the spec stands, e.g. `spec.template.spec`. */
  field: string
  spec: JsonObject
  settings: MachineSettings
  causes: Causes
}

/** One group of KubeVirt's rules for a machine's spec. */
export type MachineRule = (check: MachineCheck) => void
