import type { JsonObject } from '../json'
import { numberAt, textAt } from '../json-fields'

type Topology = { sockets: number; cores: number; threads: number }
type TopologyPart = keyof Topology
type PreferredTopology = TopologyPart | 'spread' | 'any'

/** A guest has two threads in a core when its CPUs are spread over all three parts. */
const threadsPerCore = 2

/** Which part of the topology a preference wants CPUs in: sockets, unless it says otherwise; old spellings count too. */
function preferredTopology(preference: JsonObject | undefined): PreferredTopology {
  const wanted = textAt(preference, 'cpu', 'preferredCPUTopology')
    .replace(/^prefer/, '')
    .toLowerCase()
  return wanted === 'cores' || wanted === 'threads' || wanted === 'spread' || wanted === 'any' ? wanted : 'sockets'
}

interface Spread {
  ratio: number
  across: string
}

function spreadOf(preference: JsonObject | undefined): Spread {
  return {
    ratio:
      numberAt(preference, 'cpu', 'spreadOptions', 'ratio') ||
      numberAt(preference, 'preferSpreadSocketToCoreRatio') ||
      2,
    across: textAt(preference, 'cpu', 'spreadOptions', 'across') || 'SocketsCores',
  }
}

const spreadParts: Readonly<Record<string, readonly TopologyPart[]>> = {
  SocketsCores: ['sockets', 'cores'],
  CoresThreads: ['cores', 'threads'],
  SocketsCoresThreads: ['sockets', 'cores', 'threads'],
}

/** The parts whose product counts as a machine's CPUs for a preference, and how KubeVirt names them together. */
export function countedParts(preference: JsonObject | undefined): { parts: readonly TopologyPart[]; words: string } {
  const wanted = preferredTopology(preference)
  if (wanted === 'any') return { parts: ['cores', 'sockets', 'threads'], words: 'cores, sockets and threads' }
  if (wanted !== 'spread') return { parts: [wanted], words: wanted }
  const { across } = spreadOf(preference)
  return { parts: spreadParts[across] ?? [], words: across }
}

/** How an instance type's CPUs are laid out under a preference. */
export function layOutCpus(cpus: number, preference: JsonObject | undefined): Topology {
  const single = { sockets: 1, cores: 1, threads: 1 }
  if (cpus === 1) return single
  const wanted = preferredTopology(preference)
  if (wanted !== 'spread') return { ...single, [wanted === 'any' ? 'sockets' : wanted]: cpus }
  const { ratio, across } = spreadOf(preference)
  if (across === 'CoresThreads') return { ...single, threads: ratio, cores: Math.floor(cpus / ratio) }
  if (across === 'SocketsCoresThreads') {
    return { threads: threadsPerCore, cores: ratio, sockets: Math.floor(Math.floor(cpus / threadsPerCore) / ratio) }
  }
  return { ...single, cores: ratio, sockets: Math.floor(cpus / ratio) }
}

const spreadRatioFields = 'Spec.PreferSpreadSocketToCoreRatio or Spec.CPU.PreferSpreadOptions.Ratio of'

/** Why an instance type's CPUs cannot be spread as a preference wants; undefined when they can. */
export function spreadProblem(type: JsonObject | undefined, preference: JsonObject | undefined): string | undefined {
  const { ratio, across } = spreadOf(preference)
  if (!type || preferredTopology(preference) !== 'spread') return undefined
  const cpus = numberAt(type, 'cpu', 'guest') ?? 0
  const refusal = `${cpus} vCPUs provided by the instance type are not divisible by the`
  if (across === 'SocketsCoresThreads') {
    if (cpus % threadsPerCore === 0 && (cpus / threadsPerCore) % ratio === 0) return undefined
    return `${refusal} number of threads per core ${threadsPerCore} and ${spreadRatioFields} ${ratio}`
  }
  if (cpus % ratio === 0) return undefined
  if (across === 'CoresThreads') return `${refusal} number of threads per core ${ratio}`
  return `${refusal} ${spreadRatioFields} ${ratio} provided by the preference`
}
