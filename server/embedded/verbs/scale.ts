import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ResourceCall } from '../api-context'
import type { ApiObject } from '../api-object'
import { badRequest, invalid, invalidValue, methodNotAllowed, notFound } from '../errors/status-error'
import { negotiate } from '../http/negotiate'
import { mediaType, parseBody, readBody } from '../http/read-body'
import { sendBody, toYaml } from '../http/respond'
import { groupResource, type ScalePaths } from '../registry/served-resource'
import { parseObject } from '../storage/log-entry'
import { decideUpdate } from '../write/update-object'
import { keyOf, writeContext } from '../write/write-context'
import { patchAs, patchType } from './patch'
import { addWarnings } from './send-object'

/** The `scale` subresource of custom kinds: an `autoscaling/v1` Scale that stands for a number in the object. */
export async function handleScale(call: ResourceCall, paths: ScalePaths): Promise<void> {
  switch (call.info.verb) {
    case 'get':
      return getScale(call, paths)
    case 'update':
      return writeScale(call, paths, await readScale(call))
    case 'patch':
      return writeScale(call, paths, await readScalePatch(call))
  }
  throw methodNotAllowed(groupResource(call.target.resource), call.info.verb)
}

async function getScale(call: ResourceCall, paths: ScalePaths): Promise<void> {
  const entry = call.api.store.get(keyOf(call))
  if (!entry) throw notFound(groupResource(call.target.resource), call.info.name)
  addWarnings(call, [])
  await sendScale(call, paths, entry.body)
}

/** What a request makes of the Scale that is there. */
type Rewrite = (scale: JsonObject) => unknown

async function readScale(call: ResourceCall): Promise<Rewrite> {
  const body = parseBody(await readBody(call.request), mediaType(call.request))
  return () => body
}

async function readScalePatch(call: ResourceCall): Promise<Rewrite> {
  const type = patchType(call.request, call.target.resource.origin === 'built-in')
  const patch = parseBody(
    await readBody(call.request),
    type.endsWith('+yaml') ? 'application/yaml' : 'application/json',
  )
  return (scale) => patchAs({ type }, scale, patch)
}

async function writeScale(call: ResourceCall, paths: ScalePaths, rewrite: Rewrite): Promise<void> {
  const context = writeContext(call)
  const written = await call.api.store.write((revision) =>
    decideUpdate(
      context,
      {
        key: keyOf(call),
        subresource: 'scale',
        produce: (old) => scaled(old, paths, rewrite(scaleOf(old, paths))),
        mustNameVersion: false,
      },
      revision,
    ),
  )
  addWarnings(call, context.warnings)
  await sendScale(call, paths, written.body)
}

/** The object with the wanted number, locked to the version and uid that the Scale names. */
function scaled(object: ApiObject, paths: ScalePaths, scale: unknown): ApiObject {
  if (!isJsonObject(scale)) throw badRequest('the body is not a Scale')
  const metadata = isJsonObject(scale['metadata']) ? scale['metadata'] : {}
  const { name, resourceVersion, uid } = metadata
  if (name !== undefined && name !== object.metadata.name) {
    throw badRequest(
      `the name of the object (${String(name)}) does not match the name on the URL (${object.metadata.name})`,
    )
  }
  const spec = isJsonObject(scale['spec']) ? scale['spec'] : {}
  const replicas = spec['replicas'] ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas)) throw badRequest('spec.replicas is not an integer')
  if (replicas < 0) {
    throw invalid({ group: 'autoscaling', name: 'Scale' }, object.metadata.name, [
      invalidValue('spec.replicas', replicas, 'should be a non-negative integer'),
    ])
  }
  writeField(object, paths.specReplicasPath, replicas)
  const { resourceVersion: _version, ...meta } = object.metadata
  const locked = typeof resourceVersion === 'string' && resourceVersion !== '' ? { resourceVersion } : {}
  return { ...object, metadata: { ...meta, ...locked, ...(typeof uid === 'string' && uid !== '' ? { uid } : {}) } }
}

function scaleOf(object: ApiObject, paths: ScalePaths): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const replicas = readField(object, paths.specReplicasPath)
  const status = readField(object, paths.statusReplicasPath)
  const selector = paths.labelSelectorPath === undefined ? undefined : readField(object, paths.labelSelectorPath)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
    status: {
      replicas: typeof status === 'number' ? status : 0,
      ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
    },
  }
}

/** Paths are plain field names joined by dots; the definition's strategy has seen to that. */
function stepsOf(path: string): string[] {
  return path.split('.').filter((step) => step !== '')
}

function readField(object: JsonObject, path: string): unknown {
  let value: unknown = object
  for (const step of stepsOf(path)) value = isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined
  return value
}

function writeField(object: JsonObject, path: string, value: number): void {
  const steps = stepsOf(path)
  const last = steps.pop()
  if (last === undefined) return
  let node = object
  for (const step of steps) {
    const next = Object.hasOwn(node, step) ? node[step] : undefined
    const made: JsonObject = isJsonObject(next) ? next : {}
    node[step] = made
    node = made
  }
  node[last] = value
}

async function sendScale(call: ResourceCall, paths: ScalePaths, body: Buffer): Promise<void> {
  // Stored bodies are objects with metadata.
  const json = JSON.stringify(scaleOf(parseObject(body) as ApiObject, paths))
  const yaml = negotiate(call.request).format === 'yaml'
  await sendBody(call.request, call.response, {
    status: 200,
    body: yaml ? toYaml(Buffer.from(json)) : json,
    ...(yaml ? { contentType: 'application/yaml' } : {}),
  })
}
