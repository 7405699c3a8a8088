import { isJsonObject, type JsonObject, jsonEqual, part } from '@/contract/json'
import { certificateSigningRequestKind } from '@/contract/kinds/certificates'
import type { AdmissionPlugin, AdmissionRequest } from '../../admission/admission'
import type { ApiObject } from '../../api-object'
import { type Clock, toKubeTime } from '../../clock'
import { forbidden, invalid, invalidValue } from '../../errors/status-error'
import { groupKind, groupResource, resourceName } from '../../registry/served-resource'
import type { Authorizer } from '../authorize'

export const signingRequests = resourceName(certificateSigningRequestKind)

/** Records who asks for a certificate, and lets only those approve whom a rule about the signer allows. */
export function signingAdmission(authorizer: Authorizer, clock: Clock): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    resources: [signingRequests],
    mutate(request) {
      if (request.operation === 'CREATE' && request.object) recordUser(request, request.object)
      if (request.object && request.subresource !== '') stampConditions(request.object, request.old, clock)
    },
    validate(request) {
      if (request.operation !== 'UPDATE' || !request.object || request.subresource === '') return
      checkConditions(request, request.object)
      if (request.subresource === 'approval') requireSigner(request, 'approve', authorizer)
      const [before, after] = [statusOf(request.old)['certificate'], statusOf(request.object)['certificate']]
      if (request.subresource === 'status' && before !== after) requireSigner(request, 'sign', authorizer)
    },
  }
}

const statusOf = (object: ApiObject | undefined) => part(object, 'status')

function conditionsOf(object: ApiObject | undefined): JsonObject[] {
  const { conditions } = statusOf(object)
  return Array.isArray(conditions) ? conditions.filter(isJsonObject) : []
}

function recordUser({ user }: AdmissionRequest, object: ApiObject): void {
  const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...spec } = part(object, 'spec')
  object['spec'] = {
    ...spec,
    username: user.name,
    groups: [...user.groups],
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    ...(user.extra === undefined ? {} : { extra: user.extra }),
  }
}

function stampConditions(object: ApiObject, old: ApiObject | undefined, clock: Clock): void {
  const now = toKubeTime(clock.now())
  for (const condition of conditionsOf(object)) {
    const before = conditionsOf(old).find(({ type }) => type === condition['type'])
    condition['lastTransitionTime'] ??=
      before?.['status'] === condition['status'] ? before?.['lastTransitionTime'] : now
    if (!before || !jsonEqual(before, condition)) condition['lastUpdateTime'] ??= now
  }
}

function checkConditions({ resource }: AdmissionRequest, object: ApiObject): void {
  const types = conditionsOf(object).map(({ type }) => String(type))
  if (!types.includes('Approved') || !types.includes('Denied')) return
  throw invalid(groupKind(resource), object.metadata.name, [
    invalidValue('status.conditions', 'Denied', 'Approved and Denied conditions are mutually exclusive'),
  ])
}

function requireSigner(request: AdmissionRequest, verb: 'approve' | 'sign', authorizer: Authorizer): void {
  const { user, resource, old } = request
  const signer = String(part(old, 'spec')['signerName'] ?? '')
  const about = {
    type: 'resource',
    user,
    verb,
    group: resource.group,
    version: '*',
    resource: 'signers',
    subresource: '',
    namespace: '',
  } as const
  const names = [signer, `${signer.split('/')[0]}/*`]
  if (names.some((name) => authorizer.authorize({ ...about, name }).allowed)) return
  throw forbidden(
    groupResource(resource),
    old?.metadata.name ?? '',
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`,
  )
}
