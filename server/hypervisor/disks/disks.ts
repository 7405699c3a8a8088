import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import type { Logger } from 'pino'
import {
  type DiskSpec,
  type DiskState,
  type Hypervisor,
  HypervisorError,
} from '@/server/operator/engine/hypervisor-port'
import { formatBytes } from './byte-size'
import { type DiskEntry, explainOutcome, newEntry, pause, readState } from './disk-entry'
import {
  commitImage,
  DELETED_PREFIX,
  diskPaths,
  giveImage,
  growImage,
  imageSize,
  makeBlank,
  NEW_PREFIX,
  prepareWork,
  removeDisk,
  removeWork,
  usedBytes,
} from './disk-files'
import { type DiskRecord, readRecord, syncDirectory, type WorkerIdentity, writeRecord } from './disk-record'
import { checkCloneSource, readyDisk, refuseUse } from './disk-refusals'
import { checkId, checkSpec, wholeSectors, withoutSecrets } from './disk-spec'
import { refuseSpace } from './free-space'
import { defaultTransferLimits, type ImportJob, type ProgressReport, type TransferLimits } from './import-protocol'
import { endStaleWorker, runWorker, type WorkerOutcome } from './worker-run'

/** The disks of one node: `<directory>/<id>/disk.img`, raw and sparse. */
export interface Disks extends Pick<Hypervisor, 'disks' | 'disk' | 'createDisk' | 'resizeDisk' | 'deleteDisk'> {
  /**
   * Gives a finished disk to a machine, and to it alone; again for the same machine is fine.
   * @param owner `uid`: the user the machine runs as, who alone may then open the image
   * @throws HypervisorError NotFound, or Busy while it is being made, copied or used by another machine
   */
  attach(diskId: string, owner: { machineId: string; uid?: number }): Promise<{ path: string; format: 'raw' }>
  /** Takes back every disk that the machine has. Only after its process has ended. */
  detach(machineId: string): Promise<void>
  /** Ends what is being made, to be resumed by the next `openDisks`. */
  close(): Promise<void>
}

export interface DisksOptions {
  directory: string
  /** How to start `import-worker.ts`: program and arguments. */
  workerCommand: readonly string[]
  /** Imports change to this user; needs root. Left out: they run as this process does. */
  importerUid?: number
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  signal: AbortSignal
  /** Called after every change of a disk, up to four times a second for each. */
  onChange(id: string): void
  /** Milliseconds before each quick try after a network's failure; as many tries as entries. */
  retryDelays?: readonly number[]
  limits?: Partial<TransferLimits>
  /** How many disks are made at a time; more wait as `pending`. */
  concurrency?: number
}

/** Opens the directory, removes what was half-deleted and goes on with what was being made. */
export async function openDisks(options: DisksOptions): Promise<Disks> {
  const disks = new LocalDisks(options)
  await disks.open()
  return disks
}

class LocalDisks implements Disks {
  readonly #entries = new Map<string, DiskEntry>()
  readonly #locks = new Map<string, Promise<unknown>>()
  readonly #limits: TransferLimits
  readonly #retryDelays: readonly number[]
  readonly #queue: ReturnType<typeof pLimit>
  #closed = false

  constructor(private readonly options: DisksOptions) {
    this.#limits = { ...defaultTransferLimits, ...options.limits }
    this.#retryDelays = options.retryDelays ?? [1000, 4000, 10_000]
    this.#queue = pLimit(options.concurrency ?? 3)
  }

  async open(): Promise<void> {
    const { directory, signal, log } = this.options
    await mkdir(directory, { recursive: true, mode: 0o711 })
    for (const name of await readdir(directory)) {
      const path = join(directory, name)
      if (name.startsWith(NEW_PREFIX) || name.startsWith(DELETED_PREFIX)) {
        await rm(path, { recursive: true, force: true })
        continue
      }
      try {
        checkId(name)
        this.#entries.set(name, newEntry(await readRecord(path)))
      } catch (error) {
        // Never removed by itself: it may be somebody's data.
        log.error({ path, err: error }, 'this directory holds no disk that can be read; it is left alone')
      }
    }
    signal.addEventListener('abort', () => void this.close())
    for (const entry of this.#entries.values()) if (entry.record.phase === 'making') await this.#resume(entry)
  }

  async disks(): Promise<DiskState[]> {
    return await Promise.all([...this.#entries.values()].map((entry) => this.#state(entry)))
  }

  async disk(id: string): Promise<DiskState | undefined> {
    const entry = this.#entries.get(id)
    return entry && (await this.#state(entry))
  }

  async createDisk(requested: DiskSpec): Promise<DiskState> {
    checkSpec(requested)
    const spec = { ...requested, sizeBytes: wholeSectors(requested.sizeBytes) }
    return await this.#locked(spec.id, async () => {
      this.#refuseClosed()
      let entry = this.#entries.get(spec.id)
      if (entry && !(entry.record.phase === 'failed' && entry.record.retryable)) return await this.#state(entry)
      await this.#precheck(spec)
      if (entry) {
        await this.#save(entry, { version: 1, spec, phase: 'making', restarts: entry.record.restarts + 1 })
      } else entry = await this.#register(spec)
      this.#start(entry)
      // A blank disk is there in a moment: no need to come back for it.
      if (spec.source.type === 'blank') await entry.making?.done
      return await this.#state(entry)
    })
  }

  async resizeDisk(id: string, sizeBytes: number): Promise<void> {
    const size = wholeSectors(sizeBytes)
    await this.#locked(id, async () => {
      const entry = this.#ready(id)
      const { record } = entry
      checkSpec({ ...record.spec, sizeBytes: size, source: { type: 'blank' } })
      if (size < record.spec.sizeBytes)
        throw new HypervisorError(
          'Invalid',
          `A disk can not shrink: it is ${formatBytes(record.spec.sizeBytes)}, ${formatBytes(size)} was asked for.`,
        )
      if (size === record.spec.sizeBytes) return
      refuseUse(entry, 'can be resized')
      await growImage(this.#paths(id), size)
      await this.#save(entry, { ...record, spec: { ...record.spec, sizeBytes: size } })
    })
  }

  async deleteDisk(id: string): Promise<void> {
    checkId(id)
    await this.#locked(id, async () => {
      const entry = this.#entries.get(id)
      if (!entry) return
      refuseUse(entry, 'can be deleted')
      entry.making?.abort.abort()
      await entry.making?.done
      await entry.saved
      await removeDisk(this.options.directory, id)
      this.#entries.delete(id)
      this.options.onChange(id)
    })
  }

  async attach(diskId: string, owner: { machineId: string; uid?: number }): Promise<{ path: string; format: 'raw' }> {
    return await this.#locked(diskId, async () => {
      const entry = this.#ready(diskId)
      const { machineId, uid } = owner
      if (entry.record.inUseBy !== machineId) {
        refuseUse(entry, 'can be used by another')
        await this.#save(entry, { ...entry.record, inUseBy: machineId })
      }
      const paths = this.#paths(diskId)
      await giveImage(paths, uid)
      return { path: paths.image, format: 'raw' as const }
    })
  }

  async detach(machineId: string): Promise<void> {
    for (const [id, { record }] of [...this.#entries]) {
      if (record.inUseBy !== machineId) continue
      await this.#locked(id, async () => {
        const entry = this.#entries.get(id)
        if (entry?.record.inUseBy !== machineId) return
        await giveImage(this.#paths(id), undefined)
        const { inUseBy: _inUseBy, ...free } = entry.record
        await this.#save(entry, free)
      })
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const makings = [...this.#entries.values()].flatMap(({ making }) => making ?? [])
    for (const { abort } of makings) abort.abort()
    await Promise.all(makings.map(({ done }) => done))
    await Promise.all([...this.#locks.values(), ...[...this.#entries.values()].map(({ saved }) => saved)])
  }

  #paths(id: string) {
    return diskPaths(this.options.directory, id)
  }

  #state(entry: DiskEntry): Promise<DiskState> {
    return readState(entry, this.#paths(entry.record.spec.id))
  }

  /** One operation on a disk at a time, in the order they came. */
  async #locked<T>(id: string, operation: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(id) ?? Promise.resolve()
    const result = before.then(operation, operation)
    const settled = result.catch(() => undefined)
    this.#locks.set(id, settled)
    try {
      return await result
    } finally {
      if (this.#locks.get(id) === settled) this.#locks.delete(id)
    }
  }

  /** Writes the record down before anybody can see it. */
  async #save(entry: DiskEntry, next: DiskRecord): Promise<void> {
    const write = entry.saved.then(() => writeRecord(this.#paths(next.spec.id).directory, next))
    // Whoever asked for the write sees its error; the next write must not be held up by it.
    entry.saved = write.catch(() => undefined)
    await write
    entry.record = next
    this.options.onChange(next.spec.id)
  }

  #refuseClosed(): void {
    if (this.#closed) throw new HypervisorError('Unavailable', 'The agent of this node is being stopped.')
  }

  #ready(id: string): DiskEntry {
    return readyDisk(this.#entries.get(id), id)
  }

  #cloneSource(diskId: string, sizeBytes: number): DiskEntry {
    return checkCloneSource(this.#ready(diskId), sizeBytes)
  }

  async #precheck({ sizeBytes, source }: DiskSpec): Promise<void> {
    if (source.type === 'clone') this.#cloneSource(source.diskId, sizeBytes)
    const needed = source.type === 'clone' ? await usedBytes(this.#paths(source.diskId)) : 0
    const missing = await refuseSpace(this.options.directory, needed)
    if (missing) throw new HypervisorError('NoSpace', missing)
  }

  async #register(spec: DiskSpec): Promise<DiskEntry> {
    const { directory } = this.options
    const entry = newEntry({ version: 1, spec, phase: 'making', restarts: 0 })
    const target = join(directory, spec.id)
    const taken = await stat(target).catch(() => undefined)
    if (taken)
      throw new HypervisorError(
        'Failed',
        `${target} is there, but holds no disk that can be read. Move it away by hand.`,
      )
    const begin = join(directory, NEW_PREFIX + spec.id)
    await rm(begin, { recursive: true, force: true })
    await mkdir(begin, { mode: 0o711 })
    await writeRecord(begin, entry.record)
    await rename(begin, target)
    await syncDirectory(directory)
    this.#entries.set(spec.id, entry)
    this.options.onChange(spec.id)
    return entry
  }

  async #resume(entry: DiskEntry): Promise<void> {
    const { record } = entry
    if (record.worker) await endStaleWorker(record.worker)
    // The agent ended between taking the image over and writing that down.
    if ((await imageSize(this.#paths(record.spec.id))) === record.spec.sizeBytes) return await this.#succeed(entry)
    await this.#save(entry, { version: 1, spec: record.spec, phase: 'making', restarts: record.restarts + 1 })
    this.#start(entry)
  }

  #start(entry: DiskEntry): void {
    const { log } = this.options
    const { id } = entry.record.spec
    const abort = new AbortController()
    entry.live = { phase: 'pending' }
    const failed = async (error: unknown) => {
      if (abort.signal.aborted) return
      log.error({ disk: id, err: error }, 'a disk could not be made')
      const never = error instanceof HypervisorError && ['Invalid', 'NotFound'].includes(error.code)
      await this.#fail(entry, { message: error instanceof Error ? error.message : String(error), retryable: !never })
    }
    const done = this.#make(entry, abort.signal)
      .catch(failed)
      .catch((error: unknown) => log.error({ disk: id, err: error }, 'the state of a disk could not be written'))
      .finally(() => {
        if (entry.making === making) delete entry.making
      })
    const making = { abort, done }
    entry.making = making
  }

  async #make(entry: DiskEntry, signal: AbortSignal): Promise<void> {
    const { spec } = entry.record
    const paths = this.#paths(spec.id)
    if (spec.source.type === 'blank') {
      await makeBlank(paths, spec.sizeBytes)
      return await this.#succeed(entry)
    }
    for (let fruitless = 0; ; ) {
      const before = await usedBytes(paths)
      const outcome = await this.#queue(() => this.#attempt(entry, signal))
      if (signal.aborted || !outcome) return
      if (outcome.type === 'done') {
        await commitImage(paths, spec.sizeBytes)
        return await this.#succeed(entry)
      }
      const { message, retry } = explainOutcome(outcome)
      fruitless = (await usedBytes(paths)) > before ? 1 : fruitless + 1
      const delay = this.#retryDelays[fruitless - 1]
      if (retry !== 'now' || delay === undefined) {
        // What a later try can go on with stays; a full disk gets its space back.
        if (retry !== 'now') await removeWork(paths)
        return await this.#fail(entry, { message, retryable: retry !== 'never' })
      }
      this.options.log.warn({ disk: spec.id, reason: message }, 'an import broke off and is tried again')
      entry.live = { ...entry.live, message }
      await this.#save(entry, { ...entry.record, restarts: entry.record.restarts + 1 })
      await pause(delay, signal)
    }
  }

  async #attempt(entry: DiskEntry, signal: AbortSignal): Promise<WorkerOutcome | undefined> {
    if (signal.aborted) return undefined
    const { spec } = entry.record
    const source = spec.source.type === 'clone' ? this.#cloneSource(spec.source.diskId, spec.sizeBytes) : undefined
    // Copying parses nothing, and has to read an image that belongs to root.
    const uid = source ? undefined : this.options.importerUid
    const paths = this.#paths(spec.id)
    await prepareWork(paths, uid)
    if (source) source.readers++
    try {
      return await runWorker({
        job: this.#job(spec, paths.work),
        command: this.options.workerCommand,
        uid,
        signal,
        onStart: (worker) => this.#noteWorker(entry, worker),
        onProgress: (progress) => this.#noteProgress(entry, progress),
      })
    } finally {
      if (source) source.readers--
    }
  }

  #job({ sizeBytes, source }: DiskSpec, workDirectory: string): ImportJob {
    if (source.type === 'http') return { ...source, workDirectory, sizeBytes, limits: this.#limits }
    if (source.type === 'clone')
      return { type: 'clone', workDirectory, sizeBytes, source: this.#paths(source.diskId).image }
    throw new HypervisorError('Failed', 'A blank disk needs no importer.')
  }

  async #noteWorker(entry: DiskEntry, worker: WorkerIdentity | undefined): Promise<void> {
    if (worker) await this.#save(entry, { ...entry.record, worker })
  }

  #noteProgress(entry: DiskEntry, { phase, progress, rate }: ProgressReport): void {
    entry.live = {
      phase,
      ...(progress === undefined ? {} : { progress }),
      ...(rate === undefined ? {} : { rate }),
    }
    this.options.onChange(entry.record.spec.id)
  }

  async #succeed(entry: DiskEntry): Promise<void> {
    const { spec, restarts } = entry.record
    await removeWork(this.#paths(spec.id))
    await this.#save(entry, { version: 1, spec: withoutSecrets(spec), phase: 'ready', restarts })
  }

  async #fail(entry: DiskEntry, { message, retryable }: { message: string; retryable: boolean }): Promise<void> {
    const { spec, restarts } = entry.record
    await this.#save(entry, { version: 1, spec, phase: 'failed', restarts, message, retryable })
  }
}
