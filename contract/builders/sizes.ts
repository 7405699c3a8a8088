/** Sizes as forms hold them: a whole number and a binary unit, e.g. `512Mi`. */
export const binarySizePattern = /^[1-9][0-9]{0,5}(Mi|Gi|Ti)$/

const factors: Record<string, number> = { Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 }

/** Bytes of a size that matches `binarySizePattern`; undefined for anything else. */
export function binarySizeBytes(size: string): number | undefined {
  if (!binarySizePattern.test(size)) return undefined
  return Number(size.slice(0, -2)) * (factors[size.slice(-2)] ?? 0)
}

/** The shortest size that says exactly these bytes, rounded up to whole MiB. */
export function binarySize(bytes: number): string {
  for (const unit of ['Ti', 'Gi'] as const) {
    const factor = factors[unit] ?? 1
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return `${Math.max(1, Math.ceil(bytes / 2 ** 20))}Mi`
}

export interface MachineSize {
  id: 'tiny' | 'small' | 'medium' | 'large' | 'huge'
  cpus: number
  memory: string
}

/** The sizes that are offered as cards, smallest first. */
export const machineSizes: readonly MachineSize[] = [
  { id: 'tiny', cpus: 1, memory: '128Mi' },
  { id: 'small', cpus: 1, memory: '1Gi' },
  { id: 'medium', cpus: 2, memory: '2Gi' },
  { id: 'large', cpus: 2, memory: '4Gi' },
  { id: 'huge', cpus: 4, memory: '8Gi' },
]

/** The smallest size with at least this much memory, or the largest there is. */
export function smallestSizeFor(memoryBytes: number): MachineSize {
  const fits = machineSizes.find((size) => (binarySizeBytes(size.memory) ?? 0) >= memoryBytes)
  // The list is not empty.
  return fits ?? (machineSizes[machineSizes.length - 1] as MachineSize)
}
