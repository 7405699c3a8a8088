import type { JsonObject } from '@/contract/json'
import type { TestServer } from './start-test-server'

/** Custom kinds for tests, each with names of its own. */
export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

export interface TestVersion {
  name?: string
  spec?: JsonObject
  status?: JsonObject
  more?: JsonObject
}

let number = 0

export function definition(versions: TestVersion[], names: JsonObject = {}) {
  const kind = `Widget${++number}`
  const plural = `widgets${number}`
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { kind, plural, ...names },
      versions: versions.map(({ name = 'v1', spec, status, more }, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { ...(spec ? { spec } : {}), ...(status ? { status } : {}) },
          },
        },
        ...more,
      })),
    },
  }
}

/** Brings a kind with this schema of `spec`, and gives the path of its objects and how one looks. */
export async function define(server: TestServer, ...versions: TestVersion[]) {
  const body = definition(versions)
  const answer = await server.call('POST', definitions, { body })
  if (answer.status !== 201) throw new Error(answer.text)
  const { kind, plural } = body.spec.names
  const path = (version = 'v1') => `/apis/example.com/${version}/namespaces/default/${plural}`
  const object = (spec: unknown, name = 'x', version = 'v1') => ({
    apiVersion: `example.com/${version}`,
    kind,
    metadata: { name },
    spec,
  })
  return {
    kind,
    plural,
    path,
    object,
    body,
    post: (spec: unknown) => server.call('POST', path(), { body: object(spec) }),
  }
}

export const text = { type: 'string' }
export const object = (properties: JsonObject, more: JsonObject = {}) => ({ type: 'object', properties, ...more })
