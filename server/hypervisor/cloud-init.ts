import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type CloudInitSeed, HypervisorError } from '@/server/operator/engine/hypervisor-port'
import { environment, findProgram } from './programs'

const run = promisify(execFile)

/** The files of a seed, by their path in the image, and the label by which cloud-init knows the image. */
export function seedFiles(seed: CloudInitSeed): { label: string; files: Record<string, string> } {
  // JSON is YAML, so the meta-data of both datasources is written alike.
  const metaData = `${JSON.stringify(seed.metaData, null, 2)}\n`
  if (seed.type === 'noCloud') {
    const network = seed.networkData === undefined ? {} : { 'network-config': seed.networkData }
    return { label: 'cidata', files: { 'user-data': seed.userData, 'meta-data': metaData, ...network } }
  }
  const network = seed.networkData === undefined ? {} : { 'openstack/latest/network_data.json': seed.networkData }
  return {
    label: 'config-2',
    files: { 'openstack/latest/meta_data.json': metaData, 'openstack/latest/user_data': seed.userData, ...network },
  }
}

/**
 * Makes the image at `path`, readable by the guest's user alone: it holds passwords.
 * Throws HypervisorError Unsupported without a program that writes ISO images.
 */
export async function buildSeedImage(seed: CloudInitSeed, path: string, uid: number | undefined): Promise<void> {
  const command = await isoCommand()
  const work = await mkdtemp(join(dirname(path), '.seed-'))
  try {
    // Away from the image and for the agent's eyes only until it is whole.
    await chmod(work, 0o700)
    const { label, files } = seedFiles(seed)
    for (const [name, content] of Object.entries(files)) {
      const file = join(work, 'content', name)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, content)
    }
    const image = join(work, 'image.iso')
    const args = [...command.args, '-quiet', '-o', image, '-V', label, '-J', '-r', join(work, 'content')]
    await run(command.path, args, { env: environment({ LC_ALL: 'C.UTF-8' }), timeout: 30_000 })
    await chmod(image, 0o600)
    if (uid !== undefined) await chown(image, uid, uid)
    await rename(image, path)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function isoCommand(): Promise<{ path: string; args: string[] }> {
  for (const name of ['genisoimage', 'mkisofs']) {
    const path = await findProgram(name)
    if (path !== undefined) return { path, args: [] }
  }
  const xorriso = await findProgram('xorriso')
  if (xorriso !== undefined) return { path: xorriso, args: ['-as', 'mkisofs'] }
  throw new HypervisorError(
    'Unsupported',
    'This host can not make cloud-init images: genisoimage is missing (Debian package genisoimage).',
  )
}
