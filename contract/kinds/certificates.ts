import type { Condition, KubeObject } from '../kube-object'
import { defineKind } from './kind'

/** A request for a client certificate (Kubernetes API reference, certificates.k8s.io/v1). */
export interface CertificateSigningRequest extends KubeObject {
  spec: {
    /** PEM of a PKCS #10 request, base64. */
    request: string
    signerName: string
    usages?: string[]
    expirationSeconds?: number
    /** Who asks: set by the server. */
    username?: string
    uid?: string
    groups?: string[]
    extra?: Record<string, string[]>
  }
  status?: {
    conditions?: (Condition & { lastUpdateTime?: string })[]
    /** PEM, base64. */
    certificate?: string
  }
}
export const certificateSigningRequestKind = defineKind<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  namespaced: false,
  shortNames: ['csr'],
  statusSubresource: true,
})
