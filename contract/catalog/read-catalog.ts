import { parse } from 'yaml'
import type * as z from 'zod'
import type { ConfigMap } from '../kinds/core'
import { type CatalogImage, catalogEntrySchema, catalogImageSchema } from './catalog-image'
import { defaultImages } from './default-images'

/** ConfigMaps in this namespace with this label add to the catalog. */
export const catalogNamespace = 'chiave-system'
export const catalogLabel = 'chiave.io/catalog'
export const catalogKey = 'images.yaml'

export interface CatalogProblem {
  configMap: string
  message: string
}

export interface Catalog {
  images: CatalogImage[]
  /** Entries that could not be used, in words for an administrator; everything else is. */
  problems: CatalogProblem[]
}

/**
 * The shipped images with an administrator's ConfigMaps laid over them in order of their names: an entry with a known id
 * changes or hides it, any other is added. What a ConfigMap adds stands first. Never throws.
 */
export function readCatalog(
  configMaps: readonly ConfigMap[],
  defaults: readonly CatalogImage[] = defaultImages,
): Catalog {
  const images = new Map<string, CatalogImage>(defaults.map((image) => [image.id, image]))
  const added = new Map<string, CatalogImage>()
  const problems: CatalogProblem[] = []
  const sorted = [...configMaps].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name))
  for (const configMap of sorted) {
    const complain = (message: string) => problems.push({ configMap: configMap.metadata.name, message })
    for (const [index, entry] of readEntries(configMap, complain).entries()) {
      applyEntry({ entry, index, images, added, complain })
    }
  }
  return { images: [...added.values(), ...images.values()], problems }
}

interface Application {
  entry: unknown
  index: number
  images: Map<string, CatalogImage>
  added: Map<string, CatalogImage>
  complain(message: string): void
}

function applyEntry({ entry, index, images, added, complain }: Application): void {
  const head = catalogEntrySchema.safeParse(entry)
  if (!head.success) return complain(`Entry ${index + 1}: ${firstIssue(head.error)}`)
  const { id, hidden, ...given } = head.data
  if (hidden) {
    images.delete(id)
    added.delete(id)
    return
  }
  const known = added.get(id) ?? images.get(id)
  const whole = catalogImageSchema.safeParse({ ...known, ...given, id })
  if (!whole.success) return complain(`Entry ${index + 1} (${id}): ${firstIssue(whole.error)}`)
  if (images.has(id)) images.set(id, whole.data)
  else added.set(id, whole.data)
}

function readEntries(configMap: ConfigMap, complain: (message: string) => void): unknown[] {
  const text = configMap.data?.[catalogKey]
  if (text === undefined) {
    complain(`The ConfigMap has no key ${catalogKey}.`)
    return []
  }
  try {
    const list: unknown = parse(text, { maxAliasCount: 0 })
    if (Array.isArray(list)) return list
    complain(`${catalogKey} must be a list of images.`)
  } catch (error) {
    complain(
      `${catalogKey} is not YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
    )
  }
  return []
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues
  const where = issue?.path.join('.') ?? ''
  return where === '' ? (issue?.message ?? 'not understood') : `${where} ${issue?.message ?? 'is not understood'}`
}
