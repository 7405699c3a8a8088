// @ts-check
import { SetupError } from './steps.mjs'

const oldestNode = [20, 19]

/** Refuses a Node that is too old, in one sentence. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  throw new SetupError(
    `Chiave needs Node ${oldestNode.join('.')} or newer; this is ${process.versions.node}. Install a newer one, for example from nodejs.org.`,
  )
}

/** Refuses a host that cannot run guests, in one sentence with the alternative. */
export function checkHypervisorHost() {
  if (process.platform === 'linux' && process.arch === 'x64') return
  const systems = { darwin: 'macOS', win32: 'Windows', linux: 'Linux' }
  const system = systems[/** @type {keyof typeof systems} */ (process.platform)] ?? process.platform
  throw new SetupError(
    `The embedded cluster runs guests on Linux with an x86-64 processor, and this is ${system} on ${process.arch}; connect Chiave to a cluster instead: npm start -- --cluster kubeconfig --kubeconfig FILE`,
  )
}
