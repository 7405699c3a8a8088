import * as z from 'zod'
import { quantityBytes } from '../quantity'

const id = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and dashes')
const webAddress = z.url({ protocol: /^https?$/, error: 'must be an http or https address' })
const quantity = z.string().refine((text) => (quantityBytes(text) ?? 0) > 0, 'must be a size such as 512Mi or 10Gi')

const file = z.object({
  url: webAddress,
  /** The publisher's list of checksums, which the import is checked against. */
  checksumUrl: webAddress.optional(),
})

/** One image that machines can be made from, as the catalog's data has it (docs/catalog.md). */
export const catalogImageSchema = z.object({
  id,
  name: z.string().min(1).max(100),
  description: z.string().max(500).default(''),
  /** The description in other languages, by their code. */
  descriptions: z.record(z.string(), z.string().max(500)).default({}),
  /** Decides the mark on the tile: debian, ubuntu, fedora, centos, suse, alpine … */
  osFamily: z.string().max(40).default(''),
  /** By architecture as Kubernetes names it: amd64, arm64. */
  files: z
    .partialRecord(z.enum(['amd64', 'arm64']), file)
    .refine((files) => Object.keys(files).length > 0, 'needs at least one architecture'),
  /** ConfigMap with certificates to trust, in the machine's namespace. */
  certConfigMap: z.string().optional(),
  defaultUser: z.string().max(32).default(''),
  /** How the first boot is told what it should be. */
  seed: z.enum(['cloud-init', 'ignition', 'none']).default('cloud-init'),
  minimumMemory: quantity.default('512Mi'),
  minimumDisk: quantity.default('10Gi'),
  firmware: z.enum(['bios', 'efi']).optional(),
  homepage: webAddress.optional(),
  notes: z.string().max(500).optional(),
})

export type CatalogImage = z.infer<typeof catalogImageSchema>

/** An administrator's entry: a whole image, or the id of a default one with what should differ, or `hidden: true`. */
export const catalogEntrySchema = z.looseObject({ id, hidden: z.boolean().default(false) })

/** The description in a language, or the one everybody gets. */
export function describeImage(image: CatalogImage, language: string): string {
  return image.descriptions[language] ?? image.description
}
