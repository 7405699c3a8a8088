import * as YAML from 'yaml'
import type { Secret } from '../kinds/core'
import type { KubeObject } from '../kube-object'

/** What a preview shows instead of a Secret's value. */
export const maskedValue = '********'

/** The object with every value of a Secret masked; other kinds as they are. */
export function maskSecretValues<T extends KubeObject>(object: T): T {
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1') return object
  // Its kind says that it is one.
  const secret = object as unknown as Secret
  const mask = (values: Record<string, string>) =>
    Object.fromEntries(Object.keys(values).map((key) => [key, maskedValue]))
  return {
    ...object,
    ...(secret.data ? { data: mask(secret.data) } : {}),
    ...(secret.stringData ? { stringData: mask(secret.stringData) } : {}),
  }
}

/** The objects as one YAML text, without line folding; documents are separated as `kubectl apply` wants them. */
export function printManifest(objects: readonly KubeObject[]): string {
  return objects.map(printYaml).join('---\n')
}

/** One object as YAML. */
export function printYaml(object: KubeObject): string {
  return YAML.stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })
}

/** For editing: the object without its book-keeping (`managedFields`), which the server keeps by itself. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  // managedFields is not among the fields we name; it passes through from the server.
  const { managedFields: _, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown }
  return { ...object, metadata }
}

export type ReadYamlResult =
  | { object: KubeObject }
  | { problem: 'syntax' | 'not-an-object' | 'several'; message: string }

/** Reads one Kubernetes object that somebody typed. */
export function readYaml(text: string): ReadYamlResult {
  const documents = YAML.parseAllDocuments(text)
  if ('empty' in documents) return { problem: 'not-an-object', message: '' }
  const error = documents.flatMap((document) => document.errors)[0]
  if (error) return { problem: 'syntax', message: error.message }
  if (documents.length > 1) return { problem: 'several', message: '' }
  const value: unknown = documents[0]?.toJS()
  if (!isKubeObject(value)) return { problem: 'not-an-object', message: '' }
  return { object: value }
}

function isKubeObject(value: unknown): value is KubeObject {
  if (typeof value !== 'object' || value === null) return false
  const { apiVersion, kind, metadata } = value as Partial<Record<keyof KubeObject, unknown>>
  return (
    typeof apiVersion === 'string' &&
    typeof kind === 'string' &&
    typeof metadata === 'object' &&
    metadata !== null &&
    typeof (metadata as { name?: unknown }).name === 'string'
  )
}
