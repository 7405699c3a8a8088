import type { KubeStatus } from '@/contract/kube-object'
import { readResourcePath } from '@/contract/resource-path'
import { buildStatus } from '@/server/proxy/status-response'

/** Marks refusals of the read-only switch, so that a page can tell them from the cluster's own. */
export const readOnlyReason = 'ReadOnlyConnection'

export interface MutatingCall {
  method: string
  /** Below the cluster's API root, with the query, as it goes on the wire. */
  path: string
  /** The call asks to become a stream. */
  upgrade: boolean
}

const reading = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Answered by asking, whatever the method: questions about identity and rights. */
const reviews: Readonly<Record<string, RegExp>> = {
  'authorization.k8s.io':
    /^(?:selfsubjectaccessreviews|selfsubjectrulesreviews|subjectaccessreviews|localsubjectaccessreviews)$/,
  'authentication.k8s.io': /^(?:selfsubjectreviews|tokenreviews)$/,
}
/** Of subresources only these take `dryRun` from the query; a machine's `start` takes it from the body and would start. */
const dryRunSubresources = new Set([undefined, 'status', 'scale'])
/** Groups of API servers of their own, which need not know `dryRun`. */
const withoutDryRun = /^(?:subresources\.kubevirt\.io|upload\.cdi\.kubevirt\.io)$/

/**
 * The rule of the read-only switch: undefined for whatever only looks, a refusal for the rest. Deny by default: a path or
 * query that this does not understand counts as a change.
 */
export function readOnlyRefusal(cluster: string, call: MutatingCall): KubeStatus | undefined {
  const allowed = call.upgrade ? isWatch(call) : reading.has(call.method) || isReview(call) || isDryRun(call)
  if (allowed) return undefined
  return refusal(
    call.upgrade
      ? `You work read-only in "${cluster}": consoles, exec and port-forward are off. Turn read-only off on the page of the connection.`
      : `You work read-only in "${cluster}": nothing was changed. Turn read-only off on the page of the connection.`,
  )
}

/** A watch may travel in a WebSocket; every other stream reaches into a machine or a container. */
function isWatch({ path }: MutatingCall): boolean {
  const target = readTarget(path)
  if (!target || target.subresource !== undefined || target.group === 'subresources.kubevirt.io') return false
  const wanted = new URLSearchParams(path.split('?', 2)[1]).getAll('watch')
  return wanted.length === 1 && (wanted[0] === 'true' || wanted[0] === '1')
}

function isReview({ method, path }: MutatingCall): boolean {
  const target = readTarget(path)
  if (method !== 'POST' || !target || target.name !== undefined) return false
  return reviews[target.group]?.test(target.resource) ?? false
}

function isDryRun({ path }: MutatingCall): boolean {
  const target = readTarget(path)
  if (!target || withoutDryRun.test(target.group) || !dryRunSubresources.has(target.subresource)) return false
  const values = new URLSearchParams(path.split('?', 2)[1]).getAll('dryRun')
  return values.length === 1 && values[0] === 'All'
}

interface ApiTarget {
  group: string
  resource: string
  name: string | undefined
  subresource: string | undefined
}

/** What a path speaks about; undefined for whatever is no plain path of a resource. */
function readTarget(path: string): ApiTarget | undefined {
  const [pathname = ''] = path.split('?', 1)
  const segments = pathname.slice(1).split('/').map(plainSegment)
  if (!segments.every(isPlain)) return undefined
  const found = readResourcePath(segments)
  if (!found || found.subresource.length > 1) return undefined
  return { ...found, subresource: found.subresource[0] }
}

/** Nothing that is empty, or that leads elsewhere. */
function isPlain(segment: string | undefined): segment is string {
  return segment !== undefined && !/^\.{0,2}$/.test(segment)
}

/** Decoded; undefined when it is not plain, since the API server might read it otherwise. */
function plainSegment(segment: string): string | undefined {
  try {
    const plain = decodeURIComponent(segment)
    return /^[A-Za-z0-9._:-]*$/.test(plain) ? plain : undefined
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

function refusal(message: string): KubeStatus {
  return { ...buildStatus(403, message), details: { causes: [{ reason: readOnlyReason, message }] } }
}
