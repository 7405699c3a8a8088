import { z } from 'zod'
import type { LiveQuery, LiveRequest } from '@/contract/live'

/** Everything that becomes part of a path is held to what Kubernetes allows there, so that none of it can leave its place. */
const dnsName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/)
const query = z.object({
  cluster: z.string().min(1).max(253),
  group: z.union([z.literal(''), dnsName]),
  version: z.string().regex(/^v[0-9][a-z0-9]{0,20}$/),
  plural: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  namespace: dnsName.optional(),
  // Names of RBAC objects have colons; a comma or an equals sign would be another selector.
  name: z
    .string()
    .max(253)
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9.:_-]*$/)
    .optional(),
  labelSelector: z.string().max(4096).optional(),
  fieldSelector: z.string().max(4096).optional(),
})
const id = z.number().int().nonnegative()

/** What a browser may send on `/live`. */
export const liveRequestSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('subscribe'), id, query }),
  z.object({ op: z.literal('unsubscribe'), id }),
])

/** Reads a message; undefined when it is none. */
export function readLiveRequest(text: string): LiveRequest | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  const result = liveRequestSchema.safeParse(parsed)
  // The schema's optional keys may be present and undefined by type; JSON has no undefined.
  return result.success ? (result.data as LiveRequest) : undefined
}

/** Secrets are fetched one by one, when a person asks for one, and never stream into a page. */
export function isSecretQuery({ group, plural }: LiveQuery): boolean {
  return group === '' && plural === 'secrets'
}

/** The collection's path; `parameters` joins the query's own selectors. */
export function livePath(
  { group, version, plural, namespace, name, labelSelector, fieldSelector }: LiveQuery,
  parameters: Record<string, string>,
): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`
  const search = new URLSearchParams(parameters)
  // A list by the very name is what RBAC's resourceNames permit to those who may see one object only.
  const fields = [name === undefined ? '' : `metadata.name=${name}`, fieldSelector ?? ''].filter((part) => part !== '')
  if (fields.length > 0) search.set('fieldSelector', fields.join(','))
  if (labelSelector) search.set('labelSelector', labelSelector)
  return `${root}${place}/${plural}?${search}`
}
