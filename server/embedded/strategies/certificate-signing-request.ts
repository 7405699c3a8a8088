import { part } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type FieldError, invalidValue, requiredValue } from '../errors/status-error'
import { plainStrategy, type ResourceStrategy } from './strategy'

/** Requests for client certificates. */

export const clientSigner = 'kubernetes.io/kube-apiserver-client'

const minLifetime = 600
const signerName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/\S+$/

function requestErrors(request: unknown): FieldError[] {
  const field = 'spec.request'
  if (typeof request !== 'string' || request === '') return [requiredValue(field)]
  const pem = Buffer.from(request, 'base64').toString('utf8')
  if (/^\s*-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----\s*$/.test(pem)) return []
  return [invalidValue(field, request, 'PEM block type must be CERTIFICATE REQUEST')]
}

function specErrors(object: ApiObject): FieldError[] {
  const { request, signerName: signer, usages, expirationSeconds } = part(object, 'spec')
  const errors = requestErrors(request)
  if (!Array.isArray(usages) || usages.length === 0) errors.push(requiredValue('spec.usages'))
  if (typeof signer !== 'string' || signer === '') errors.push(requiredValue('spec.signerName'))
  else if (!signerName.test(signer)) {
    errors.push(
      invalidValue(
        'spec.signerName',
        signer,
        'must be a fully qualified domain and path of the form "example.com/signer-name"',
      ),
    )
  }
  if (typeof expirationSeconds === 'number' && expirationSeconds < minLifetime) {
    errors.push(
      invalidValue(
        'spec.expirationSeconds',
        expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    )
  }
  return errors
}

export const certificateSigningRequestStrategy: ResourceStrategy = {
  ...plainStrategy,
  pathName: true,
  prepareForUpdate(object, old) {
    object['spec'] = old['spec']
  },
  validate: specErrors,
}
