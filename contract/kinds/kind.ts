import type { KubeObject } from '../kube-object'

/** One column that `kubectl get` and our tables print; as `additionalPrinterColumns` of a CRD. */
export interface PrinterColumn {
  name: string
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  jsonPath: string
  description?: string
  format?: string
  /** 0 is shown always, above 0 only with `-o wide`. */
  priority?: number
}

/** What one needs to know of a Kubernetes kind to speak about it: where it lives and how it prints. */
export interface Kind<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  group: string
  version: string
  /** All served versions, newest first, when more than `version`. */
  servedVersions?: readonly string[]
  kind: string
  plural: string
  singular: string
  listKind: string
  shortNames: readonly string[]
  categories: readonly string[]
  namespaced: boolean
  /** Whether `/status` is a subresource (where it is not, a PUT of the object writes status too). */
  statusSubresource: boolean
  columns: readonly PrinterColumn[]
  /** Never set: carries the object's type to `useList(kind)` and `client.get(kind, …)`. */
  readonly objectType?: T
}

type KindInput = Pick<Kind, 'group' | 'version' | 'kind' | 'plural' | 'namespaced'> & Partial<Omit<Kind, 'objectType'>>

/** Describes a kind; names that follow from the kind's own are filled in. */
export function defineKind<T extends KubeObject>(input: KindInput): Kind<T> {
  return {
    singular: input.kind.toLowerCase(),
    listKind: `${input.kind}List`,
    shortNames: [],
    categories: [],
    statusSubresource: false,
    columns: [],
    ...input,
  }
}

/** `v1` or `group/version`, as in an object's `apiVersion`. */
export function apiVersionOf(kind: Pick<Kind, 'group' | 'version'>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
}

export interface ResourceLocation {
  /** Left out: all namespaces, or a cluster-scoped kind. */
  namespace?: string | undefined
  /** Left out: the collection. */
  name?: string | undefined
  /** e.g. `status`; needs a name. */
  subresource?: string | undefined
}

/** The API path of a collection, an object or a subresource, without query, each part encoded. */
export function resourcePath(
  kind: Pick<Kind, 'group' | 'version' | 'plural'>,
  { namespace, name, subresource }: ResourceLocation = {},
): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const parts = [root]
  if (namespace) parts.push('namespaces', encodeURIComponent(namespace))
  parts.push(kind.plural)
  if (name) parts.push(encodeURIComponent(name))
  if (subresource) parts.push(subresource)
  return parts.join('/')
}
