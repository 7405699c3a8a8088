import fs from 'node:fs'
import path from 'node:path'
import { callApi, readKubeconfig } from './kubectl'

/** Where the limited person works, and all they may see of the cluster. */
export const limitedNamespace = 'team'
/** Where their account is: they may do nothing there. */
const homeNamespace = 'people'
const account = 'ada'

/**
 * Makes somebody who has KubeVirt's and Kubernetes' own edit role in one namespace and nothing else, and writes their
 * kubeconfig. It names no namespace: they have to know it.
 */
export async function makeLimitedPerson(adminKubeconfig: string, directory: string): Promise<string> {
  const create = async (at: string, object: object): Promise<unknown> => {
    const { status, body } = await callApi(adminKubeconfig, 'POST', at, object)
    if (status !== 201 && status !== 409) throw new Error(`${at}: ${status} ${body}`)
    return JSON.parse(body)
  }
  for (const name of [homeNamespace, limitedNamespace]) {
    await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
  const accounts = `/api/v1/namespaces/${homeNamespace}/serviceaccounts`
  await create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account } })
  for (const role of ['edit', 'kubevirt.io:edit']) {
    await create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${limitedNamespace}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: `${account}-${role.replace(/\W/g, '-')}` },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace: homeNamespace }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    })
  }
  // The answer to a TokenRequest is the request with its status filled in.
  const { status } = (await create(`${accounts}/${account}/token`, {
    ...tokenRequest,
    spec: { expirationSeconds: 7_200 },
  })) as {
    status: { token: string }
  }
  return writeKubeconfig(path.join(directory, 'limited-kubeconfig'), {
    ...readKubeconfig(adminKubeconfig),
    token: status.token,
  })
}

export const tokenRequest = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' } as const

/** A kubeconfig with one context of the given parts. */
export function writeKubeconfig(file: string, { server, ca, token }: { server: string; ca?: string; token: string }) {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: { server, ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}) },
      },
    ],
    users: [{ name: account, user: { token } }],
    contexts: [{ name: 'only', context: { cluster: 'c', user: account } }],
    'current-context': 'only',
  }
  fs.writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}
