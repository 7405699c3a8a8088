import { type CertificateSigningRequest, certificateSigningRequestKind } from '@/contract/kinds/certificates'
import type { ApiContext } from '../../api-context'
import { toKubeTime } from '../../clock'
import { StatusError } from '../../errors/status-error'
import { builtInTarget, serverWrite } from '../../lifecycle/bootstrap'
import { parseObject } from '../../storage/log-entry'
import { clientSigner } from '../../strategies/certificate-signing-request'
import { decideUpdate } from '../../write/update-object'
import { type ClientAuthority, SigningError } from './client-authority'
import { signingRequests } from './signing-admission'

/** As kube-controller-manager's default, in seconds. */
const longestLifetime = 365 * 24 * 60 * 60
const allowedUsages = new Set(['client auth', 'digital signature', 'key encipherment'])

/** Signs requests for the signer `kubernetes.io/kube-apiserver-client` once they are approved. Returns what stops it. */
export function signApproved(api: ApiContext, authority: ClientAuthority): () => void {
  const look = (name: string): void => {
    signOne(api, authority, name).catch((error: unknown) => {
      if (error instanceof StatusError && (error.code === 404 || error.code === 409)) return
      api.log.error({ err: error, name }, 'cannot sign a certificate')
    })
  }
  for (const { name } of api.store.snapshot({ resource: signingRequests })) look(name)
  return api.store.onCommit((entries) => {
    for (const { resource, type, name } of entries) if (resource === signingRequests && type !== 'delete') look(name)
  })
}

async function signOne(api: ApiContext, authority: ClientAuthority, name: string): Promise<void> {
  const key = { resource: signingRequests, namespace: '', name }
  const entry = api.store.get(key)
  if (!entry) return
  // Checked by the kind's strategy before it was stored.
  const request = parseObject(entry.body) as unknown as CertificateSigningRequest
  if (!isDue(request)) return
  const status = await answer(authority, request, toKubeTime(api.clock.now()))
  await api.store.write((revision) =>
    decideUpdate(
      serverWrite(api, builtInTarget(api, certificateSigningRequestKind)),
      {
        key,
        subresource: 'status',
        mustNameVersion: false,
        // Of the request that was read, and of no other of its name.
        produce: (old) => ({ ...old, metadata: { ...old.metadata, resourceVersion: String(entry.revision) }, status }),
      },
      revision,
    ),
  )
}

function isDue({ spec, status = {} }: CertificateSigningRequest): boolean {
  const has = (type: string) =>
    (status.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True')
  return spec.signerName === clientSigner && !status.certificate && has('Approved') && !has('Denied') && !has('Failed')
}

/** The status with the certificate, or with the reason why there is none. */
async function answer(
  authority: ClientAuthority,
  { spec, status }: CertificateSigningRequest,
  now: string,
): Promise<NonNullable<CertificateSigningRequest['status']>> {
  try {
    const wrong = (spec.usages ?? []).find((usage) => !allowedUsages.has(usage))
    if (wrong !== undefined || !spec.usages?.includes('client auth')) {
      throw new SigningError(`invalid usage for client certificate: ${wrong ?? 'missing "client auth"'}`)
    }
    const request = Buffer.from(spec.request, 'base64').toString('utf8')
    const lifetime = Math.min(spec.expirationSeconds ?? longestLifetime, longestLifetime)
    const certificate = await authority.sign({ request, lifetime })
    return { ...status, certificate: Buffer.from(certificate).toString('base64') }
  } catch (error) {
    if (!(error instanceof SigningError)) throw error
    const failed = {
      type: 'Failed',
      status: 'True' as const,
      reason: 'SignerValidationFailure',
      message: error.message,
      lastUpdateTime: now,
      lastTransitionTime: now,
    }
    return { ...status, conditions: [...(status?.conditions ?? []), failed] }
  }
}
