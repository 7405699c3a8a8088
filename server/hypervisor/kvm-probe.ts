import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { longModeBootSector, longModeExitCode, noLongModeExitCode } from './probe-boot-sector'
import { environment } from './programs'

export type ProbeResult =
  | { outcome: 'passed' }
  /** The virtual CPU offers no 64-bit mode. */
  | { outcome: 'no-long-mode' }
  /** It started, but the end was not reached in time. */
  | { outcome: 'hung' }
  /** QEMU's own words. */
  | { outcome: 'failed'; message: string }

export interface ProbeOptions {
  /** Path of qemu-system-x86_64. */
  qemu: string
  accelerator: 'kvm' | 'tcg'
  /** What the guest boots; by default the one that proves 64-bit mode. */
  bootSector?: Buffer
  /** By default the most capable one. */
  cpuModel?: string
  /** Milliseconds. */
  timeout?: number
  signal?: AbortSignal
}

/** Runs a guest of one boot sector to see whether 64-bit code runs and gives the right results. */
export async function probeAccelerator(options: ProbeOptions): Promise<ProbeResult> {
  const directory = await mkdtemp(join(tmpdir(), 'chiave-probe-'))
  try {
    // The firmware reads no disk of less than a track.
    const image = Buffer.alloc(2 ** 20)
    ;(options.bootSector ?? longModeBootSector).copy(image)
    await writeFile(join(directory, 'boot.img'), image)
    const { code, timedOut, stderr } = await runGuest(options, directory)
    const report = await readFile(join(directory, 'report'), 'latin1').catch(() => '')
    if (code === longModeExitCode && report === 'RL') return { outcome: 'passed' }
    if (code === noLongModeExitCode && report === 'RN') return { outcome: 'no-long-mode' }
    if (timedOut) return { outcome: 'hung' }
    return { outcome: 'failed', message: stderr.trim().slice(-500) || `QEMU ended with code ${code}` }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function runGuest(
  { qemu, accelerator, cpuModel = accelerator === 'kvm' ? 'host' : 'max', timeout = 3_000, signal }: ProbeOptions,
  directory: string,
): Promise<{ code: number | undefined; timedOut: boolean; stderr: string }> {
  const args = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'q35', '-m', '16M'],
    ...['-accel', accelerator, '-cpu', cpuModel],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-chardev', 'file,id=report,path=report', '-device', 'isa-debugcon,iobase=0xe9,chardev=report'],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=1'],
    ...['-blockdev', 'driver=file,node-name=boot,filename=boot.img,read-only=on'],
    ...['-device', 'virtio-blk-pci,drive=boot,bootindex=1'],
  ]
  // KILL: a guest that hangs inside the kernel's KVM hears nothing else.
  const options = {
    cwd: directory,
    timeout,
    killSignal: 'SIGKILL' as const,
    env: environment(),
    ...(signal ? { signal } : {}),
  }
  return new Promise((resolve) => {
    execFile(qemu, args, options, (error, _stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined
      resolve({
        code,
        timedOut: error?.killed === true,
        stderr: stderr || (code === undefined ? (error?.message ?? '') : ''),
      })
    })
  })
}

export type KvmVerdict = { usable: true } | { usable: false; reason: string }

/**
 * Whether guests can use KVM. A device node proves nothing, nor does a guest in real mode: some hosts that are virtual
 * themselves open KVM and then never run 64-bit code. `reason` is a sentence for people.
 */
export async function probeKvm(options: { qemu: string; device?: string; signal?: AbortSignal }): Promise<KvmVerdict> {
  const { qemu, device = '/dev/kvm', signal } = options
  const denied = await accessProblem(device)
  if (denied) return { usable: false, reason: denied }
  const result = await probeAccelerator({ qemu, accelerator: 'kvm', ...(signal ? { signal } : {}) })
  switch (result.outcome) {
    case 'passed':
      return { usable: true }
    case 'no-long-mode':
      return { usable: false, reason: 'The processor’s hardware virtualization runs no 64-bit guests.' }
    case 'hung':
      return {
        usable: false,
        reason:
          'Hardware virtualization (KVM) opens but runs no 64-bit code: a test guest made no progress. ' +
          'This is a known fault of some hosts that are virtual machines themselves.',
      }
    case 'failed':
      return { usable: false, reason: `Hardware virtualization (KVM) does not work: ${result.message}` }
  }
}

async function accessProblem(device: string): Promise<string | undefined> {
  try {
    await access(device, constants.R_OK | constants.W_OK)
    return undefined
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EACCES' || code === 'EPERM')
      return `This user may not use hardware virtualization: no permission on ${device} (on most systems: add the user to the group kvm).`
  }
  const flags = /^flags\s*:(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? []
  return flags.includes('vmx') || flags.includes('svm')
    ? `The processor offers hardware virtualization, but ${device} is missing: the kernel’s KVM module is not loaded.`
    : 'The processor offers no hardware virtualization: it is switched off in the firmware, or this host is a virtual machine without it.'
}
