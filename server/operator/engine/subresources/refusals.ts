import type { ObjectRef } from '@/contract/kube-object'
import { ApiError } from '@/server/cluster/kube-client'
import { HypervisorError } from '../hypervisor-port'

type Resource = 'virtualmachine' | 'virtualmachineinstance' | 'persistentvolumeclaim'

/** 409 in the words of Kubernetes' conflict errors. */
export function conflict(resource: Resource, name: string, why: string): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Operation cannot be fulfilled on ${resource}.kubevirt.io "${name}": ${why}`,
    reason: 'Conflict',
    code: 409,
    details: { name, group: 'kubevirt.io', kind: resource },
  })
}

/** 403 in the words of Kubernetes' forbidden errors. */
export function forbidden(resource: Resource, name: string, why: string): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `${resource}.kubevirt.io "${name}" is forbidden: ${why}`,
    reason: 'Forbidden',
    code: 403,
    details: { name, group: 'kubevirt.io', kind: resource },
  })
}

export function badRequest(message: string): ApiError {
  return plain(400, 'BadRequest', message)
}

export function internalError(message: string): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  })
}

export function unavailable(message: string): ApiError {
  return plain(503, 'ServiceUnavailable', message)
}

export function notFound(resource: Resource, { name }: ObjectRef): ApiError {
  return new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `${resource}.kubevirt.io "${name}" not found`,
    reason: 'NotFound',
    code: 404,
    details: { name, group: 'kubevirt.io', kind: resource },
  })
}

function plain(code: number, reason: string, message: string): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code })
}

/** What the host says, as an answer of the API. */
export async function asApiError<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof HypervisorError)) throw error
    throw error.code === 'Unavailable' ? unavailable(error.message) : internalError(error.message)
  }
}
