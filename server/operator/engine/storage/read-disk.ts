import type { Engine } from '../engine'
import { type DiskState, type Hypervisor, HypervisorError } from '../hypervisor-port'

/** A disk as its host sees it; `away` when the host cannot be asked, in words. */
export type DiskView = { disk: DiskState | undefined; away?: undefined } | { disk?: undefined; away: string }

export function hypervisorOfNode(engine: Engine, nodeName: string | undefined): Hypervisor {
  const hypervisor = engine.hypervisors.get(nodeName ?? '')
  if (!hypervisor) throw new HypervisorError('Unavailable', `node ${nodeName ?? ''} has no agent in this cluster`)
  return hypervisor
}

export async function readDisk(engine: Engine, nodeName: string | undefined, id: string): Promise<DiskView> {
  try {
    return { disk: await hypervisorOfNode(engine, nodeName).disk(id) }
  } catch (error) {
    if (error instanceof HypervisorError && error.code === 'Unavailable') return { away: error.message }
    throw error
  }
}
