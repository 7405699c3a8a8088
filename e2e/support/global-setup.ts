import fs from 'node:fs'
import path from 'node:path'
import { demoImage } from './image-server'
import { type Instance, removeHome, root, startInstance, temporaryHome } from './instance'

export interface Instances {
  /** The instance with its own cluster. */
  embedded: { url: string; home: string }
  /** A console without hypervisor or controllers, connected to the first one's API over TLS. */
  cluster: { url: string; home: string }
}

export const instancesFile = path.join(root, 'test-results', 'instances.json')

/** Starts the two instances that all journeys share; each journey leaves them as it found them. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const running = runningInstance()
  if (running) {
    writeInstances({ embedded: running, cluster: running })
    return async () => undefined
  }
  const home = temporaryHome()
  // As the set-up of `npm start` does: the catalog offers the demo guest because its image is there.
  fs.mkdirSync(path.join(home, 'images'), { recursive: true })
  fs.copyFileSync(demoImage, path.join(home, 'images/chiave-demo.qcow2'))
  const embedded = await startInstance({ home })
  let cluster: Instance | undefined
  try {
    cluster = await startInstance({
      home: temporaryHome(),
      args: ['--cluster', 'kubeconfig', '--kubeconfig', embedded.kubeconfig],
    })
  } catch (error) {
    await embedded.stop()
    removeHome(embedded.home)
    throw error
  }
  writeInstances({
    embedded: { url: embedded.url, home: embedded.home },
    cluster: { url: cluster.url, home: cluster.home },
  })
  return async () => {
    for (const instance of [cluster, embedded]) {
      await instance.stop()
      removeHome(instance.home)
    }
  }
}

/** One that somebody else started, to run the `embedded` journeys against: see e2e/against-instance. */
function runningInstance(): Instances['embedded'] | undefined {
  const { CHIAVE_URL: url, CHIAVE_HOME: home } = process.env
  return url && home ? { url, home } : undefined
}

function writeInstances(instances: Instances): void {
  fs.mkdirSync(path.dirname(instancesFile), { recursive: true })
  fs.writeFileSync(instancesFile, JSON.stringify(instances))
}

export function readInstances(): Instances {
  // Written above.
  return JSON.parse(fs.readFileSync(instancesFile, 'utf8')) as Instances
}
