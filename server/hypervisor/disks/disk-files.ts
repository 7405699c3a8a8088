import { constants } from 'node:fs'
import { chmod, chown, lchown, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HypervisorError } from '@/server/operator/engine/hypervisor-port'
import { syncDirectory } from './disk-record'

const isRoot = process.getuid?.() === 0

export interface DiskPaths {
  directory: string
  image: string
  /** Where the importer works; its own while it does. */
  work: string
}

/** Half-made and half-removed directories begin with a dot, which no id does. */
export const NEW_PREFIX = '.new-'
export const DELETED_PREFIX = '.deleted-'

export function diskPaths(root: string, id: string): DiskPaths {
  const directory = join(root, id)
  return { directory, image: join(directory, 'disk.img'), work: join(directory, 'work') }
}

/** Makes the importer's directory, or opens it to the importer again. */
export async function prepareWork({ work }: DiskPaths, uid: number | undefined): Promise<void> {
  await mkdir(work, { recursive: true, mode: 0o700 })
  if (uid !== undefined) await chown(work, uid, uid)
}

/** Removes the importer's directory, whatever it put there. */
export async function removeWork({ work }: DiskPaths): Promise<void> {
  if (isRoot) {
    // Nobody else may change what is being walked through.
    await lchown(work, 0, 0).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  await rm(work, { recursive: true, force: true })
}

/**
 * Takes over what the importer made as the disk's image: by one rename, after a look that it is a plain file of the
 * right size and nobody else's name leads to it.
 */
export async function commitImage(paths: DiskPaths, sizeBytes: number): Promise<void> {
  const made = join(paths.work, 'disk.img')
  if (isRoot) await lchown(paths.work, 0, 0)
  const file = await open(made, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const facts = await file.stat()
    if (!facts.isFile() || facts.nlink !== 1 || facts.size !== sizeBytes)
      throw new HypervisorError('Failed', 'The importer left something that is not the disk.')
    if (isRoot) await file.chown(0, 0)
    await file.chmod(0o600)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(made, paths.image)
  await syncDirectory(paths.directory)
}

/** Makes a disk of nothing but zeros, which takes no space until a guest writes. */
export async function makeBlank(paths: DiskPaths, sizeBytes: number): Promise<void> {
  await prepareWork(paths, undefined)
  const file = await open(join(paths.work, 'disk.img'), 'w', 0o600)
  try {
    await file.truncate(sizeBytes)
  } finally {
    await file.close()
  }
  await commitImage(paths, sizeBytes)
}

/** Gives the image to the user a guest runs as, or back (`undefined`) so that no guest's user can read it. */
export async function giveImage({ image }: DiskPaths, uid: number | undefined): Promise<void> {
  if (isRoot) await chown(image, uid ?? 0, uid ?? 0)
  await chmod(image, 0o600)
}

export async function growImage({ image }: DiskPaths, sizeBytes: number): Promise<void> {
  const file = await open(image, constants.O_RDWR | constants.O_NOFOLLOW)
  try {
    if ((await file.stat()).size < sizeBytes) await file.truncate(sizeBytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The size a guest sees, in bytes; undefined when there is no image. */
export async function imageSize({ image }: DiskPaths): Promise<number | undefined> {
  try {
    return (await stat(image)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function allocated(path: string): Promise<number> {
  try {
    return (await stat(path)).blocks * 512
  } catch {
    // Removed between listing and looking: it takes no space.
    return 0
  }
}

/** Bytes allocated on the host for the image and for what its making needs. */
export async function usedBytes({ image, work }: DiskPaths): Promise<number> {
  const parts = await readdir(work).catch(() => [])
  const sizes = await Promise.all([image, ...parts.map((name) => join(work, name))].map(allocated))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Removes a disk: out of sight by one rename, then for good. */
export async function removeDisk(root: string, id: string): Promise<void> {
  const gone = join(root, DELETED_PREFIX + id)
  await rm(gone, { recursive: true, force: true })
  await removeWork(diskPaths(root, id))
  await rename(join(root, id), gone)
  await rm(gone, { recursive: true, force: true })
}
