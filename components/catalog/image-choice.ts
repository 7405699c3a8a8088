/** Something a machine can start from, as the gallery shows it. Sizes are in bytes. */
export interface ImageChoice {
  id: string
  name: string
  description: string
  /** Decides the mark on the tile. */
  family: string
  url: string
  /** Where the publisher lists checksums; empty for nowhere. */
  checksumUrl: string
  /** ConfigMap with certificates to trust; empty for none. */
  certConfigMap: string
  seed: 'cloud-init' | 'ignition' | 'none'
  user: string
  firmware: 'default' | 'bios' | 'efi'
  minimumMemory: number
  minimumDisk: number
  /** What else is worth knowing. */
  notes?: string
  /** Why it cannot be used here, in words; absent when it can. */
  refusal?: string
}

/** Ways to start from something that is not in the catalog. */
export const ownSources = ['url', 'claim', 'blank'] as const
export type OwnSource = (typeof ownSources)[number]

export function isOwnSource(id: string): id is OwnSource {
  return ownSources.some((source) => source === id)
}

/** Images whose name, description or family contain every word of the text. */
export function filterImages(images: readonly ImageChoice[], text: string): readonly ImageChoice[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return images.filter(({ name, description, family }) => {
    const haystack = `${name} ${description} ${family}`.toLowerCase()
    return words.every((word) => haystack.includes(word))
  })
}
