import fs from 'node:fs'
import path from 'node:path'
import { demoImage } from './image-server'
import { type Instance, removeHome, root, startInstance, temporaryHome } from './instance'
import { makeLimitedPerson } from './limited-person'

export interface Instances {
  /** The instance with its own cluster. */
  embedded: { url: string; home: string }
  /** A console without hypervisor or controllers, connected to the first one's API over TLS. */
  cluster: { url: string; home: string }
  /** As `cluster`, for somebody who has the edit role in one namespace and nothing else. */
  limited: { url: string; home: string }
}

export const instancesFile = path.join(root, 'test-results', 'instances.json')

/** Starts the instances that all journeys share; each journey leaves them as it found them. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const running = runningInstance()
  if (running) {
    writeInstances({ embedded: running, cluster: running, limited: running })
    return async () => undefined
  }
  const home = temporaryHome()
  // As the set-up of `npm start` does: the catalog offers the demo guest because its image is there.
  fs.mkdirSync(path.join(home, 'images'), { recursive: true })
  fs.copyFileSync(demoImage, path.join(home, 'images/chiave-demo.qcow2'))
  const embedded = await startInstance({ home })
  const started: Instance[] = [embedded]
  const stop = async () => {
    for (const instance of started.reverse()) {
      await instance.stop()
      removeHome(instance.home)
    }
  }
  const connect = async (kubeconfig: string): Promise<Instance> => {
    const args = ['--cluster', 'kubeconfig', '--kubeconfig', kubeconfig]
    const instance = await startInstance({ home: temporaryHome(), args })
    started.push(instance)
    return instance
  }
  try {
    const cluster = await connect(embedded.kubeconfig)
    const limited = await connect(await makeLimitedPerson(embedded.kubeconfig, embedded.home))
    const place = ({ url, home }: Instance) => ({ url, home })
    writeInstances({ embedded: place(embedded), cluster: place(cluster), limited: place(limited) })
  } catch (error) {
    await stop()
    throw error
  }
  return stop
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
