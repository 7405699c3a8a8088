import { applyPatch, createPatch } from 'rfc6902'
import type { KubeObject } from '../kube-object'

export type MergeResult = { merged: KubeObject; clashes: string[] }

/** Written by the server alone: a person's changes to them mean nothing and must not clash. */
const serversOwn = /^\/(status|metadata\/(resourceVersion|generation|managedFields|uid|creationTimestamp))(\/|$)/

/**
 * Carries what a person changed between `base` and `edited` over to `latest`, the object as it is by now. `clashes` are
 * the JSON pointers of changes that `latest` has no place for, or which it has changed itself: those keep its value.
 */
export function mergeEdits({
  base,
  edited,
  latest,
}: {
  base: KubeObject
  edited: KubeObject
  latest: KubeObject
}): MergeResult {
  const merged = structuredClone(latest)
  const theirs = createPatch(base, latest).map(({ path }) => path)
  const clashes: string[] = []
  for (const operation of createPatch(base, edited)) {
    if (serversOwn.test(operation.path)) continue
    const touched = theirs.some((path) => within(path, operation.path) || within(operation.path, path))
    const [error] = touched ? [true] : applyPatch(merged, [operation])
    if (error) clashes.push(operation.path)
  }
  return { merged, clashes }
}

/** Whether anything but the server's own book-keeping and the status differs: what a person would call a change. */
export function isChanged(before: KubeObject, after: KubeObject): boolean {
  return createPatch(before, after).some(({ path }) => !serversOwn.test(path))
}

/** Whether a JSON pointer is another one or lies below it. */
function within(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`)
}
