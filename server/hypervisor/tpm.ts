import { access, chown, mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HypervisorError } from '@/server/operator/engine/hypervisor-port'
import { type GuestProcess, launch } from './launcher'
import { findProcesses, identifyProcess, isAlive, signalProcess } from './process-identity'
import type { ProcessTools } from './process-tools'
import { findProgram } from './programs'
import { runFiles } from './qemu/command-line'

/** Throws HypervisorError Unsupported where TPMs can not be emulated. */
export async function requireSwtpm(): Promise<string> {
  const program = await findProgram('swtpm')
  if (program !== undefined) return program
  throw new HypervisorError('Unsupported', 'This host can not emulate a TPM: swtpm is missing (Debian package swtpm).')
}

const control = `type=unixio,path=${runFiles.tpm},mode=0600`

/**
 * Starts the machine's TPM 2.0 under the guest's own confinement. It ends by itself when QEMU closes its socket; its
 * state lives as long as the machine.
 */
export async function startSwtpm(
  program: string,
  guest: Omit<GuestProcess, 'command'>,
  tools: ProcessTools,
): Promise<void> {
  const state = join(guest.directory, 'tpm')
  await mkdir(state, { mode: 0o700 })
  if (guest.uid !== undefined) await chown(state, guest.uid, guest.uid)
  const command = [program, 'socket', '--tpm2', '--terminate', '--tpmstate', 'dir=tpm,mode=0600', '--ctrl', control]
  const child = await launch({ ...guest, command }, tools)
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid)
  const socket = join(guest.directory, runFiles.tpm)
  for (let waited = 0; identity && isAlive(identity) && waited < 5_000; waited += 20) {
    try {
      return await access(socket)
    } catch {
      // Not listening yet.
      await sleep(20)
    }
  }
  throw new HypervisorError('Failed', 'The machine’s TPM emulator (swtpm) did not start.')
}

/** Ends the TPM of a machine whose QEMU is gone, should it not have ended by itself. */
export async function endSwtpm(runDirectory: string, uid: number | undefined): Promise<void> {
  const directory = await realpath(runDirectory)
  for (const identity of findProcesses(directory, control, uid ?? process.getuid?.() ?? 0))
    signalProcess(identity, 'SIGKILL')
}
