import { randomBytes, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import * as z from 'zod'
import { StartError } from '../start-error'
import { closedAbove } from './open-to-others'

/** What a later version must know to migrate a home; a newer one is refused. */
const schemaVersion = 1

/**
 * User ids that belong to this instance alone (as root): `console`, `cluster` and `importer` run Chiave's own dropped
 * processes, each guest gets one of `guests`. They need no passwd entry.
 */
export interface InstanceUids {
  console: number
  cluster: number
  importer: number
  guests: { first: number; count: number }
}

export interface Home {
  readonly path: string
  readonly instanceId: string
  /** Absent when not started as root: everything then runs as the person. */
  readonly uids: InstanceUids | undefined
  file(...parts: string[]): string
  /** Creates the directory if need be and gives it to the owner. */
  directory(options: { path: string; mode: number; owner?: number | undefined }): string
  /** Writes by rename, so that a reader never sees half a file. */
  write(options: { path: string; content: string | Buffer; mode: number; owner?: number | undefined }): void
  /** A random secret kept in a file of the home; made at first use. */
  secret(options: { path: string; bytes: number; owner?: number | undefined }): Buffer
}

const instanceSchema = z.object({ id: z.string(), uidBase: z.number().int().optional() })

// systemd leaves 1879048192…2147483647 unused (systemd's UIDS-GIDS document); blocks of 65536 ids each.
const firstBlock = 1_879_048_192
const blockSize = 65_536
const blocks = 4_096

/** Opens or lays out the home. Throws StartErrors for a home that cannot be written or is newer than this version. */
export function openHome(homePath: string, { asRoot }: { asRoot: boolean }): Home {
  makeDirectories(homePath, asRoot ? 0o711 : 0o700)
  if (asRoot) {
    // Dropped processes and guests reach their own part through it; listing it is not theirs.
    fs.chmodSync(homePath, 0o711)
    const closed = closedAbove(homePath)
    if (closed !== undefined) {
      throw new StartError(
        `${closed} can be entered by root alone, and Chiave's parts and guests run as users of their own; choose a place like /var/lib/chiave with --home.`,
      )
    }
  }
  checkSchema(path.join(homePath, 'schema.json'))
  const instanceFile = path.join(homePath, 'instance.json')
  const instance = readInstance(instanceFile, asRoot)
  const home: Home = {
    path: homePath,
    instanceId: instance.id,
    uids: asRoot && instance.uidBase !== undefined ? uidsFrom(instance.uidBase) : undefined,
    file: (...parts) => path.join(homePath, ...parts),
    directory: ({ path: directory, mode, owner }) => {
      fs.mkdirSync(directory, { recursive: true, mode })
      fs.chmodSync(directory, mode)
      if (owner !== undefined && asRoot) fs.chownSync(directory, owner, owner)
      return directory
    },
    write: ({ path: file, content, mode, owner }) =>
      writeFile({ file, content, mode, owner: asRoot ? owner : undefined }),
    secret: ({ path: file, bytes, owner }) => {
      if (!fs.existsSync(file))
        home.write({ path: file, content: randomBytes(bytes).toString('base64url'), mode: 0o600, owner })
      return Buffer.from(fs.readFileSync(file, 'utf8').trim(), 'base64url')
    },
  }
  return home
}

/** As mkdir -p. (Node's own recursive mkdir never ends where the kernel answers ENOENT below an existing directory, as /proc does.) */
function makeDirectories(directory: string, mode: number): void {
  if (fs.existsSync(directory)) return
  const parent = path.dirname(directory)
  if (parent !== directory) makeDirectories(parent, 0o755)
  fs.mkdirSync(directory, { mode })
  // A narrow umask must not close what others have to pass through.
  fs.chmodSync(directory, mode)
}

function checkSchema(file: string): void {
  if (!fs.existsSync(file)) {
    writeFile({ file, content: `${JSON.stringify({ schemaVersion })}\n`, mode: 0o644 })
    return
  }
  const found = z.object({ schemaVersion: z.number() }).parse(JSON.parse(fs.readFileSync(file, 'utf8')))
  if (found.schemaVersion > schemaVersion) {
    throw new StartError(
      `This home was written by a newer Chiave (schema ${found.schemaVersion}, this one knows ${schemaVersion}); use that version or another --home.`,
    )
  }
}

function readInstance(file: string, asRoot: boolean): z.infer<typeof instanceSchema> {
  const known = fs.existsSync(file)
    ? instanceSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')))
    : { id: randomUUID().slice(0, 8) }
  if (asRoot && known.uidBase === undefined) {
    const instance = { ...known, uidBase: claimUidBlock(path.dirname(file)) }
    writeFile({ file, content: `${JSON.stringify(instance)}\n`, mode: 0o644 })
    return instance
  }
  if (!fs.existsSync(file)) writeFile({ file, content: `${JSON.stringify(known)}\n`, mode: 0o644 })
  return known
}

/**
 * Two instances must never share guest ids, or a guest of one could read a disk of the other. Claims are files that name
 * their home; a claim whose home is gone is free again.
 */
function claimUidBlock(homePath: string): number {
  const registry = '/var/lib/chiave-uid-blocks'
  fs.mkdirSync(registry, { recursive: true, mode: 0o755 })
  for (let attempt = 0; attempt < 200; attempt++) {
    const block = randomBytes(2).readUInt16BE() % blocks
    const claim = path.join(registry, String(block))
    if (fs.existsSync(claim)) {
      const owner = fs.readFileSync(claim, 'utf8').trim()
      if (owner !== homePath && fs.existsSync(path.join(owner, 'instance.json'))) continue
    }
    fs.writeFileSync(claim, `${homePath}\n`)
    return firstBlock + block * blockSize
  }
  throw new StartError(`No free block of user ids is left in ${registry}; remove the files of homes that are gone.`)
}

function uidsFrom(base: number): InstanceUids {
  return {
    console: base + 1,
    cluster: base + 2,
    importer: base + 3,
    guests: { first: base + 16, count: blockSize - 16 },
  }
}

function writeFile(options: {
  file: string
  content: string | Buffer
  mode: number
  owner?: number | undefined
}): void {
  const { file, content, mode, owner } = options
  const temporary = `${file}.${process.pid}.new`
  try {
    fs.writeFileSync(temporary, content, { mode })
    fs.chmodSync(temporary, mode)
    if (owner !== undefined) fs.chownSync(temporary, owner, owner)
    fs.renameSync(temporary, file)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
}
