import type { MachineSpec } from '@/server/operator/engine/hypervisor-port'

export interface BootOrder {
  disk(name: string): number | undefined
  interface(name: string): number | undefined
}

/**
 * KubeVirt's rule: if any device has a boot order, only those with one are tried, in that order; otherwise the disks
 * are tried in the order they are listed. The result counts from 1 without gaps or ties.
 */
export function bootOrderOf(spec: MachineSpec): BootOrder {
  const seeds = spec.cloudInit ? [spec.cloudInit] : []
  const candidates = [
    ...[...spec.disks, ...seeds].map(({ name, bootOrder }) => ({ key: `disk/${name}`, bootOrder })),
    ...spec.interfaces.map(({ name, bootOrder }) => ({ key: `interface/${name}`, bootOrder })),
  ]
  const ordered = candidates
    .filter((candidate) => candidate.bootOrder !== undefined)
    .sort((a, b) => (a.bootOrder ?? 0) - (b.bootOrder ?? 0))
  const tried = ordered.length > 0 ? ordered.map(({ key }) => key) : spec.disks.map(({ name }) => `disk/${name}`)
  const index = new Map(tried.map((key, position) => [key, position + 1]))
  return { disk: (name) => index.get(`disk/${name}`), interface: (name) => index.get(`interface/${name}`) }
}
