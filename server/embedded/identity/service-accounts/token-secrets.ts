import { secretKind } from '@/contract/kinds/core'
import type { ApiContext } from '../../api-context'
import type { ApiObject } from '../../api-object'
import { StatusError } from '../../errors/status-error'
import { builtInTarget, serverWrite } from '../../lifecycle/bootstrap'
import { parseObject } from '../../storage/log-entry'
import { decideDelete } from '../../write/delete-object'
import { decideUpdate } from '../../write/update-object'
import { reader } from '../../write/write-context'
import type { ServiceAccountTokens } from './service-account-tokens'

export const tokenSecretType = 'kubernetes.io/service-account-token'
export const accountNameAnnotation = 'kubernetes.io/service-account.name'
const accountUidAnnotation = 'kubernetes.io/service-account.uid'

/**
 * Fills Secrets of type `kubernetes.io/service-account-token` with a token of the account they name, again when the key
 * that signed it has been replaced, and removes them with it. Returns what stops it.
 */
export function keepTokenSecrets(
  api: ApiContext,
  tokens: ServiceAccountTokens,
  caCertificate: string | undefined,
): () => void {
  const tend = (namespace: string, name: string): void => {
    tendSecret({ api, tokens, caCertificate }, namespace, name).catch((error: unknown) => {
      if (error instanceof StatusError && (error.code === 404 || error.code === 409)) return
      api.log.error({ err: error, namespace, name }, 'cannot tend the Secret of a service account token')
    })
  }
  const tendAll = (namespace?: string): void => {
    for (const secret of api.store.snapshot({ resource: 'secrets', namespace })) tend(secret.namespace, secret.name)
  }
  tendAll()
  return api.store.onCommit((entries) => {
    for (const { resource, type, namespace, name } of entries) {
      if (resource === 'secrets' && type !== 'delete') tend(namespace, name)
      if (resource === 'serviceaccounts' && type === 'delete') tendAll(namespace)
    }
  })
}

interface Tending {
  api: ApiContext
  tokens: ServiceAccountTokens
  caCertificate: string | undefined
}

async function tendSecret({ api, tokens, caCertificate }: Tending, namespace: string, name: string): Promise<void> {
  const key = { resource: 'secrets', namespace, name }
  const entry = api.store.get(key)
  if (!entry?.body.includes(tokenSecretType)) return
  // Stored bodies are objects with metadata.
  const secret = parseObject(entry.body) as ApiObject
  if (secret['type'] !== tokenSecretType || secret.metadata.deletionTimestamp !== undefined) return
  const account = accountOf(api, secret)
  const context = serverWrite(api, builtInTarget(api, secretKind))
  if (!account) {
    const preconditions = { uid: secret.metadata.uid }
    const options = { gracePeriodSeconds: 0, propagationPolicy: undefined, preconditions }
    await api.store.write((revision) => decideDelete(context, key, options, revision))
    return
  }
  const data = dataOf(secret)
  const outdated = typeof data['token'] === 'string' && tokens.isOutdated(plain(data['token']))
  const missing = data['token'] === undefined || (caCertificate !== undefined && data['ca.crt'] === undefined)
  const complete = !missing && data['namespace'] !== undefined && secret.metadata.annotations?.[accountUidAnnotation]
  if (complete && !outdated) return
  const uid = account.metadata.uid ?? ''
  const token = tokens.issueLegacy(namespace, { name: account.metadata.name, uid }, name)
  const base64 = (value: string) => Buffer.from(value).toString('base64')
  await api.store.write((revision) =>
    decideUpdate(
      context,
      {
        key,
        subresource: '',
        mustNameVersion: false,
        produce: (old) => ({
          ...old,
          metadata: { ...old.metadata, annotations: { ...old.metadata.annotations, [accountUidAnnotation]: uid } },
          data: {
            token: base64(token),
            namespace: base64(namespace),
            ...(caCertificate === undefined ? {} : { 'ca.crt': base64(caCertificate) }),
            ...dataOf(old),
            ...(outdated ? { token: base64(token) } : {}),
          },
        }),
      },
      revision,
    ),
  )
}

/** The account that a Secret names, unless that one is gone or another now. */
function accountOf(api: ApiContext, secret: ApiObject): ApiObject | undefined {
  const { annotations = {}, namespace = '' } = secret.metadata
  const name = annotations[accountNameAnnotation] ?? ''
  const account = reader(api)({ resource: 'serviceaccounts', namespace, name })
  const uid = annotations[accountUidAnnotation]
  return account && (uid === undefined || uid === account.metadata.uid) ? account : undefined
}

function plain(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}

function dataOf(secret: ApiObject): Record<string, unknown> {
  const data = secret['data']
  return typeof data === 'object' && data !== null ? { ...data } : {}
}
