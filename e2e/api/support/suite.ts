import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, inject, type TestContext } from 'vitest'
import { type Answer, ApiClient, type Thing } from './api-client'
import { readKubeconfig } from './kubeconfig'

declare module 'vitest' {
  interface ProvidedContext {
    kubeconfig: string
    /** '' for the kubeconfig's current one. */
    context: string
  }
}

export interface Suite {
  client: ApiClient
  /** A namespace of the file's own. */
  namespace: string
  /** `/api/v1/namespaces/<own>/<resource>` or, with a group version, below `/apis`. */
  in(resource: string, groupVersion?: string): string
  /** Deletes what a path names when the file is done. */
  cleanUp(path: string): void
  /** Whether discovery lists a resource of a group version (`v1`, `rbac.authorization.k8s.io/v1`). */
  serves(groupVersion: string, resource: string): Promise<boolean>
  /** Ends the test as skipped unless the resource is served. */
  needs(context: TestContext, groupVersion: string, resource: string): Promise<void>
}

export function randomName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`
}

export function apiRoot(groupVersion: string): string {
  return groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`
}

/** The API under test, with a namespace that lives as long as the file's tests. */
export function useApi(area: string): Suite {
  const client = new ApiClient(readKubeconfig(inject('kubeconfig'), inject('context') || undefined))
  const namespace = randomName(`api-${area}`)
  const paths: string[] = []
  const suite: Suite = {
    client,
    namespace,
    in: (resource, groupVersion = 'v1') => `${apiRoot(groupVersion)}/namespaces/${namespace}/${resource}`,
    cleanUp: (path) => paths.push(path),
    async serves(groupVersion, resource) {
      const { status, json } = await client.get(apiRoot(groupVersion))
      const resources = Array.isArray(json['resources']) ? (json['resources'] as { name: string }[]) : []
      return status === 200 && resources.some(({ name }) => name === resource)
    },
    async needs(context, groupVersion, resource) {
      if (await suite.serves(groupVersion, resource)) return
      context.skip(`${groupVersion} ${resource} is not served here`)
    },
  }
  beforeAll(async () => {
    const made = await client.create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    })
    if (made.status !== 201) throw new Error(`cannot create a namespace: ${made.status} ${made.text}`)
    // The controllers give a namespace its service account; on a busy cluster that takes a moment.
    await eventually('the namespace’s service account', async () => {
      const { status } = await client.get(suite.in('serviceaccounts/default'))
      return status === 200 ? true : undefined
    })
  })
  afterAll(async () => {
    for (const path of [...paths.reverse(), `/api/v1/namespaces/${namespace}`]) await client.delete(path)
    client.close()
  })
  return suite
}

/** Asks until there is an answer; fails with the last error. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>, seconds = 30): Promise<T> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`)
    await wait(100)
  }
}

/** Waits until an object is gone. */
export function untilGone(client: ApiClient, path: string, seconds = 60): Promise<true> {
  return eventually(
    `the end of ${path}`,
    async () => ((await client.get(path)).status === 404 ? true : undefined),
    seconds,
  )
}

export function configMap(name: string, data: Record<string, string> = {}, labels?: Record<string, string>) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(labels ? { labels } : {}) }, data }
}

/** The shape of every error (API conventions, "Response Status Kind"). */
export function failure(code: number, reason: string) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason }
}

/** The answer's body, when it is a success; otherwise an error that shows what the server said. */
export function ok(answer: Answer): Thing {
  if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.text}`)
  return answer.json
}

/** The entry of one manager in an object's managedFields. */
export function managed(object: Thing, manager: string, subresource?: string) {
  return object.metadata.managedFields?.find((entry) => entry.manager === manager && entry.subresource === subresource)
}

export interface WidgetOptions {
  group: string
  /** Added to the one version's schema properties. */
  spec?: Record<string, unknown>
  version?: Record<string, unknown>
  definition?: Record<string, unknown>
  names?: Record<string, unknown>
}

/** A CustomResourceDefinition of namespaced Widgets with status and scale. */
export function widgetDefinition({ group, spec = {}, version = {}, definition = {}, names = {} }: WidgetOptions) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList', ...names },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: { type: 'object', properties: { size: { type: 'integer' }, ...spec } },
                status: {
                  type: 'object',
                  properties: {
                    size: { type: 'integer' },
                    phase: { type: 'string' },
                    selector: { type: 'string' },
                  },
                },
              },
            },
          },
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.size',
              statusReplicasPath: '.status.size',
              labelSelectorPath: '.status.selector',
            },
          },
          ...version,
        },
      ],
      ...definition,
    },
  }
}

export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** Creates a definition and waits until its kind is served. */
export async function define(suite: Suite, definition: ReturnType<typeof widgetDefinition>): Promise<void> {
  const { name } = definition.metadata
  ok(await suite.client.create(definitions, definition))
  suite.cleanUp(`${definitions}/${name}`)
  await eventually(`${name} being served`, async () => {
    const { json } = await suite.client.get(`${definitions}/${name}`)
    const conditions = (json['status'] as { conditions?: { type: string; status: string }[] } | undefined)?.conditions
    if (!conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) return undefined
    const [version] = definition.spec.versions
    const served = await suite.client.get(`/apis/${definition.spec.group}/${version?.name}/widgets`)
    return served.status === 200 ? true : undefined
  })
}

export function widget(group: string, name: string, spec: Record<string, unknown> = {}, version = 'v1') {
  return { apiVersion: `${group}/${version}`, kind: 'Widget', metadata: { name }, spec }
}
