import type { Duplex } from 'node:stream'

/**
 * What the engine asks of a host. Implemented by `server/hypervisor` in a process of its own and reached over a unix
 * socket, so every argument and result is plain JSON. Knows no Kubernetes. All calls are idempotent: calling again after
 * a crash, of either side, is always safe. Errors are `HypervisorError`s.
 */
export interface Hypervisor {
  /** What this host is and can do; probes are made once per agent start. */
  host(): Promise<HostFacts>
  /** Every machine that has a process or leftovers, adopted ones included. */
  machines(): Promise<MachineState[]>
  machine(id: string): Promise<MachineState | undefined>
  /** Resolves when QEMU runs and its QMP answers. A machine of that id that already runs is left as it is. */
  startMachine(spec: MachineSpec): Promise<MachineState>
  /** Presses the ACPI power button. */
  powerdown(id: string): Promise<void>
  /** Ends the process at once. */
  kill(id: string): Promise<void>
  pause(id: string): Promise<void>
  resume(id: string): Promise<void>
  /** Hard reset of the machine; the process stays. */
  reset(id: string): Promise<void>
  /** ACPI shutdown that ends in a reset instead of the process' end. */
  softReboot(id: string): Promise<void>
  /** Kills it if need be, then removes sockets, logs and everything else the machine left on the host but its disks. */
  removeMachine(id: string): Promise<void>
  /** Opens a byte stream to the machine. */
  openStream(id: string, stream: MachineStream): Promise<Duplex>
  /**
   * Connects to a port of the guest; its address is the one of its first network interface. Ends with either side. With
   * `udp` every chunk is a datagram, both ways. Throws `Refused` when nothing listens there and `TimedOut` when the guest
   * does not answer within ten seconds (tcp), `Busy` when too many are open already.
   */
  openPort(target: PortTarget): Promise<Duplex>
  /** The last bytes of what the serial console printed, at most `maxBytes`. */
  serialLog(id: string, maxBytes: number): Promise<string>
  /** A PNG of the screen, base64. */
  screenshot(id: string): Promise<string>

  /** Every disk below the home, finished or in the making. */
  disks(): Promise<DiskState[]>
  disk(id: string): Promise<DiskState | undefined>
  /**
   * Starts to make a disk and returns at once; progress is in `disk(id)`. A disk of that id which exists or is in the
   * making is left as it is; one whose making was interrupted is resumed or begun anew.
   */
  createDisk(spec: DiskSpec): Promise<DiskState>
  /** Grows a disk that no running machine uses. Shrinking is refused. */
  resizeDisk(id: string, sizeBytes: number): Promise<void>
  /** Cancels its making, removes its files; an absent disk is no error. Refused while a machine runs from it. */
  deleteDisk(id: string): Promise<void>

  /** Called on every change of a machine or disk; the subscriber re-reads. Ends with the signal. */
  subscribe(onEvent: (event: HypervisorEvent) => void, signal: AbortSignal): void
}

export type MachineStream = 'vnc' | 'serial'

export interface PortTarget {
  /** The machine's. */
  id: string
  /** 1…65535 */
  port: number
  protocol: 'tcp' | 'udp'
}

export interface HypervisorEvent {
  type: 'machine' | 'disk' | 'host' | 'reconnected'
  /** The machine's or disk's id; empty for `host` and `reconnected` (re-read everything). */
  id: string
}

export class HypervisorError extends Error {
  constructor(
    readonly code:
      | 'NotFound'
      | 'Invalid'
      | 'Busy'
      | 'NoSpace'
      | 'Unsupported'
      | 'Unavailable'
      | 'Refused'
      | 'TimedOut'
      | 'Failed',
    message: string,
  ) {
    super(message)
    this.name = 'HypervisorError'
  }
}

export interface HostFacts {
  nodeName: string
  architecture: 'amd64' | 'arm64'
  operatingSystem: string
  kernelVersion: string
  cpus: number
  cpuModel: string
  memoryBytes: number
  memoryAvailableBytes: number
  /** Load averages over 1, 5 and 15 minutes. */
  load: [number, number, number]
  /** CPU busy share of the whole host over the last seconds, 0…1. */
  cpuUsage: number
  storage: { path: string; totalBytes: number; availableBytes: number }
  qemuVersion: string
  machineTypes: string[]
  /** `kvm` only when the probe saw 64-bit guest code run. */
  accelerator: 'kvm' | 'tcg'
  /** Why not KVM, in a sentence for people; absent with KVM. */
  emulationReason?: string
  firmware: { bios: boolean; efi: boolean; efiSecureBoot: boolean }
  /** How a guest is held: the strongest means this host offers, and what is missing. */
  confinement: {
    uidPerGuest: boolean
    limits: 'systemd' | 'cgroup2' | 'cgroup1' | 'prlimit'
    sandbox: boolean
    gaps: string[]
  }
  network: { mode: 'user'; gaps: string[] }
  bootId: string
}

export interface MachineSpec {
  /** A file-name-safe id, unique on the host and over time (the instance's uid). */
  id: string
  /** For people: process title and logs. */
  name: string
  uuid: string
  serial?: string
  machineType: 'q35'
  cpu: { sockets: number; cores: number; threads: number; model: 'host-model' | 'host-passthrough' | string }
  memoryBytes: number
  firmware: { type: 'bios' } | { type: 'efi'; secureBoot: boolean }
  disks: MachineDisk[]
  /** Made into an image by the hypervisor and attached as a disk of its own. */
  cloudInit?: CloudInitSeed
  interfaces: MachineInterface[]
  vga: boolean
  serialConsole: boolean
  rng: boolean
  tpm: boolean
  /** Start with the CPUs stopped. */
  startPaused: boolean
}

export interface MachineDisk {
  /** The volume's name in the machine; also the device id. */
  name: string
  diskId: string
  bus: 'virtio' | 'sata' | 'scsi' | 'usb'
  device: 'disk' | 'cdrom' | 'lun'
  readOnly: boolean
  serial?: string
  bootOrder?: number
  cache?: 'none' | 'writethrough' | 'writeback'
  io?: 'native' | 'threads'
}

export interface CloudInitSeed {
  name: string
  type: 'noCloud' | 'configDrive'
  bus: 'virtio' | 'sata' | 'scsi' | 'usb'
  device: 'disk' | 'cdrom'
  bootOrder?: number
  userData: string
  networkData?: string
  /** instance-id, local-hostname, public keys … as the datasource names them; made into meta-data. */
  metaData: Record<string, unknown>
}

export interface MachineInterface {
  name: string
  mac: string
  model: 'virtio' | 'e1000' | 'e1000e' | 'igb' | 'ne2k_pci' | 'pcnet' | 'rtl8139'
  bootOrder?: number
  /** Link state at start. */
  up: boolean
  /** User-mode networking: the guest's own address is handed out by DHCP. */
  backend: { type: 'user'; address: string; hostname: string }
}

/**
 * `shutdown`: the guest powered itself off (orderly). `crashed`: the process ended by itself or the guest panicked.
 * `gone`: the process is no more and only leftovers remain (e.g. the host was rebooted).
 */
export type MachinePhase = 'starting' | 'running' | 'paused' | 'shutdown' | 'crashed' | 'gone'

export interface MachineState {
  id: string
  name: string
  phase: MachinePhase
  /** The end of QEMU's own stderr, or why it could not start; for people. */
  message?: string
  pid?: number
  /** RFC 3339: when this process started. */
  startedAt?: string
  accelerator: 'kvm' | 'tcg'
  limits: string
  /** What the guest was given, for restart-required comparisons. */
  spec: MachineSpec
  /** Seconds of CPU time used by the process. */
  cpuSeconds: number
  residentBytes: number
}

export interface DiskSpec {
  /** File-name-safe and unique over time (the claim's uid). */
  id: string
  /** For people. */
  name: string
  /** The claim's request: the guest sees a disk of this size (the virtual size of the source when larger is refused). */
  sizeBytes: number
  source: DiskSource
}

export type DiskSource =
  | { type: 'blank' }
  | { type: 'clone'; diskId: string }
  | {
      type: 'http'
      url: string
      /** `sha256:…`, `sha512:…`, `md5:…` or `sha1:…` of the downloaded bytes. */
      checksum?: string
      /**
       * An http or https address where the publisher lists checksums: the download has to match the one listed for the
       * file name in `url`. Without effect beside `checksum`.
       */
      checksumUrl?: string
      /** PEM certificates to trust besides the system's. */
      caCertificates?: string
      insecureSkipVerify?: boolean
      headers?: string[]
      basicAuth?: { user: string; password: string }
    }

/** `pending` → `downloading` → `converting` → `ready`, or `failed`. Blank disks and clones skip what they need not. */
export type DiskPhase = 'pending' | 'downloading' | 'converting' | 'ready' | 'failed'

export interface DiskState {
  id: string
  name: string
  phase: DiskPhase
  /** 0…100 over the whole of its making; absent when the size is not known. */
  progress?: number
  /** Bytes per second while downloading. */
  rate?: number
  sizeBytes: number
  /** Allocated on the host. */
  usedBytes: number
  /** How often the making was begun anew. */
  restarts: number
  /** Why it failed, in words a person understands, with the way out. */
  message?: string
  /** Whether trying again by itself makes sense (a timeout) or not (not an image, 404, too large). */
  retryable?: boolean
  inUseBy?: string
}
