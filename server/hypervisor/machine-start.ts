import { constants } from 'node:fs'
import { chmod, chown, copyFile, open, realpath } from 'node:fs/promises'
import type { Logger } from 'pino'
import { HypervisorError, type MachineSpec } from '@/server/operator/engine/hypervisor-port'
import { buildSeedImage } from './cloud-init'
import type { Disks } from './disks/disks'
import { type Firmware, firmwareFor } from './firmware'
import { type GuestProcess, launch as launchProcess } from './launcher'
import { capsFor, type Limits } from './limits'
import type { Machine } from './machine'
import { type LaunchRecord, MachineDirectory, type ProcessRecord } from './machine-directory'
import { findProcesses, identifyProcess, isAlive } from './process-identity'
import type { ProcessTools } from './process-tools'
import { buildCommandLine, devicesNeeded, runFiles } from './qemu/command-line'
import type { DiskFile } from './qemu/disks'
import { requireSwtpm, startSwtpm } from './tpm'

/** What every machine of this host is made with. */
export interface MachineHost {
  /** `…/machines` */
  directory: string
  disks: Pick<Disks, 'attach' | 'detach'>
  tools: ProcessTools
  limits: Limits
  accelerator: 'kvm' | 'tcg'
  /** The group that may open /dev/kvm, when that is how a guest gets it. */
  kvmGid?: number | undefined
  firmware: Firmware
  /** Names of the devices this QEMU has. */
  devices: ReadonlySet<string>
  log: Logger
  /** Aborted when the agent stops. */
  signal: AbortSignal
}

export interface StartInput extends MachineHost {
  spec: MachineSpec
  uid: number | undefined
}

/**
 * From a spec to a QEMU whose monitor answers. What this host can not do is refused before anything is left behind;
 * what fails later leaves an ended machine that says why.
 */
export async function startProcess(
  input: StartInput,
  register: (launch: LaunchRecord, directory: MachineDirectory) => Machine,
  timeout: number,
): Promise<void> {
  const { spec, uid, accelerator, limits } = input
  const abilities = await requireAbilities(input)
  const directory = new MachineDirectory(`${input.directory}/${spec.id}`)
  const launch: LaunchRecord = { accelerator, limits: limits.kind, ...(uid === undefined ? {} : { uid }) }
  await directory.create(spec, launch)
  const machine = register(launch, directory)
  try {
    await spawn(input, { directory, machine, ...abilities })
    await machine.connect(timeout)
    await machine.release()
  } catch (error) {
    // The next agent takes the start up where it is.
    if (input.signal.aborted) throw new HypervisorError('Unavailable', 'The node agent is stopping.')
    const reason = error instanceof Error ? error.message : String(error)
    await machine.fail(reason)
    if (error instanceof HypervisorError) throw error
    throw new HypervisorError('Failed', `${spec.name} could not be started: ${reason}`)
  }
}

interface Abilities {
  firmware: ReturnType<typeof firmwareFor>
  swtpm: string | undefined
}

async function requireAbilities({ spec, firmware, devices }: StartInput): Promise<Abilities> {
  const missing = devicesNeeded(spec).find((device) => !devices.has(device))
  if (missing !== undefined)
    throw new HypervisorError('Unsupported', `The QEMU of this host has no network card ${missing}; it is too old.`)
  return { firmware: firmwareFor(spec, firmware), swtpm: spec.tpm ? await requireSwtpm() : undefined }
}

async function spawn(
  { spec, uid, disks, tools, limits, accelerator, kvmGid }: StartInput,
  { directory, machine, firmware, swtpm }: Abilities & { directory: MachineDirectory; machine: Machine },
): Promise<void> {
  const files = new Map<string, DiskFile>()
  for (const { name, diskId } of spec.disks) {
    const { path } = await disks.attach(diskId, { machineId: spec.id, ...(uid === undefined ? {} : { uid }) })
    files.set(name, { path, directIo: await canReadDirectly(path) })
  }
  if (spec.cloudInit) {
    const path = directory.file(runFiles.cloudInit)
    await buildSeedImage(spec.cloudInit, path, uid)
    files.set(spec.cloudInit.name, { path: runFiles.cloudInit, directIo: false })
  }
  if (firmware) {
    const variables = directory.file(runFiles.efiVariables)
    await copyFile(firmware.variables, variables)
    await chmod(variables, 0o600)
    if (uid !== undefined) await chown(variables, uid, uid)
  }
  const caps = capsFor(spec)
  const guest: Omit<GuestProcess, 'command'> = {
    directory: directory.run,
    logFile: directory.qemuLog,
    uid,
    extraGid: accelerator === 'kvm' ? kvmGid : undefined,
    limits: await limits.prepare(spec.id, caps),
    caps,
    limitAddressSpace: limits.kind === 'prlimit',
  }
  if (swtpm !== undefined) await startSwtpm(swtpm, guest, tools)
  const context = { accelerator, files, ...(firmware ? { firmwareCode: firmware.code } : {}) }
  const command = [tools.qemu, ...buildCommandLine(spec, context)]
  const child = await launchProcess({ ...guest, command }, tools)
  const qemu = child.pid === undefined ? undefined : identifyProcess(child.pid)
  if (!qemu) throw new HypervisorError('Failed', (await directory.lastWords()) || 'QEMU could not be started.')
  const record = { qemu, startedAt: new Date().toISOString(), released: false }
  await directory.writeProcess(record)
  await machine.adoptProcess(record, child)
}

/** O_DIRECT is the file system's to grant; tmpfs and some network file systems do not. */
async function canReadDirectly(path: string): Promise<boolean> {
  try {
    await (await open(path, constants.O_RDONLY | constants.O_DIRECT)).close()
    return true
  } catch {
    // Refused: the page cache is used instead.
    return false
  }
}

/**
 * The process of a machine that an earlier agent started. When it was killed between the start and writing the record
 * down, the process is recognised by its user, its working directory and its UUID.
 */
export async function findRunning(machine: {
  directory: MachineDirectory
  spec: MachineSpec
  launch: LaunchRecord
  known: ProcessRecord | undefined
}): Promise<ProcessRecord | undefined> {
  const { directory, spec, launch, known } = machine
  if (known) return isAlive(known.qemu) ? known : undefined
  const uid = launch.uid ?? process.getuid?.() ?? 0
  const [qemu] = findProcesses(await realpath(directory.run), spec.uuid, uid)
  if (!qemu) return undefined
  const record = { qemu, startedAt: new Date().toISOString(), released: false }
  await directory.writeProcess(record)
  return record
}
