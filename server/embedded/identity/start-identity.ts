import type { IncomingMessage } from 'node:http'
import type { AdmissionPlugin } from '../admission/admission'
import type { ApiContext } from '../api-context'
import type { Clock } from '../clock'
import type { ObjectStore } from '../storage/object-store'
import { type Authenticate, identify, type ReadToken, readStaticTokens } from './authenticate'
import type { Authorizer } from './authorize'
import { ClientAuthority } from './client-certificates/client-authority'
import { signApproved } from './client-certificates/sign-approved'
import { signingAdmission, signingRequests } from './client-certificates/signing-admission'
import { impersonate } from './impersonate'
import { startRbac } from './rbac/start-rbac'
import { ServiceAccountTokens } from './service-accounts/service-account-tokens'
import { SigningKeys } from './service-accounts/signing-keys'
import { keepTokenSecrets } from './service-accounts/token-secrets'
import type { StaticUser } from './user'

export interface IdentityOptions {
  store: ObjectStore
  clock: Clock
  users: readonly StaticUser[]
  /** Decides instead of the stored roles. */
  authorizer?: Authorizer | undefined
  /** PEM; goes into Secrets of service account tokens. */
  caCertificate?: string | undefined
  /** What is to be replaced before anything is signed. */
  rotate?: readonly Rotation[] | undefined
}

/** The key of service accounts' tokens, or the authority of client certificates. */
export type Rotation = 'signing-key' | 'client-ca'

/** Who is asking and what they may do. */
export interface Identity {
  authorizer: Authorizer
  /** Rules about writes of roles, bindings and requests for certificates. */
  admission: readonly AdmissionPlugin[]
  clientAuthority: ClientAuthority
  authenticate: Authenticate
  /** Every kind of bearer token, in the order they are tried. */
  tokenReaders: readonly ReadToken[]
  tokens: ServiceAccountTokens
  /** Brings the default roles and begins to keep tokens in Secrets. */
  start(api: ApiContext): Promise<void>
  stop(): void
}

const day = 24 * 60 * 60 * 1000

/** As kube-apiserver's usual `--service-account-issuer`. */
const issuer = 'https://kubernetes.default.svc.cluster.local'

export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { store, clock } = options
  const rbac = startRbac(store, options.authorizer)
  const keys = await SigningKeys.open(store, clock)
  const { rotate = [] } = options
  if (rotate.includes('signing-key')) await keys.rotate()
  const tokens = new ServiceAccountTokens({ store, clock, keys, issuer })
  const tokenReaders: ReadToken[] = [
    readStaticTokens(options.users, issuer),
    (token, audiences) => tokens.authenticate(token, audiences),
  ]
  const clientAuthority = new ClientAuthority(store, clock)
  if (rotate.includes('client-ca')) await clientAuthority.rotate()
  const stops = [rbac.stop]
  return {
    authorizer: rbac.authorizer,
    admission: [rbac.escalation, signingAdmission(rbac.authorizer, clock)],
    clientAuthority,
    authenticate: (request: IncomingMessage) => impersonate(request, identify(request, tokenReaders), rbac.authorizer),
    tokenReaders,
    tokens,
    async start(api) {
      const forget = () => {
        keys.forgetEnded().catch((error: unknown) => api.log.error({ err: error }, 'cannot remove ended signing keys'))
      }
      const daily = setInterval(forget, day)
      daily.unref()
      stops.push(() => clearInterval(daily))
      stops.push(await rbac.bringDefaults(api), keepTokenSecrets(api, tokens, options.caCertificate))
      // A server that is given other kinds may not serve this one.
      if (api.registry.byName(signingRequests)) stops.push(signApproved(api, clientAuthority))
    },
    stop() {
      for (const stop of stops) stop()
    },
  }
}
