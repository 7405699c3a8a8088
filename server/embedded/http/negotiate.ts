import type { IncomingMessage } from 'node:http'
import { notAcceptable } from '../errors/status-error'

/** One range of an Accept header with its parameters; `quality` 0 means never. */
export interface AcceptedType {
  type: string
  parameters: ReadonlyMap<string, string>
  quality: number
}

export function readAccept(request: IncomingMessage): AcceptedType[] {
  const header = request.headers.accept ?? '*/*'
  return header
    .split(',')
    .map((part) => {
      const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim())
      const pairs = parameters.map((parameter): [string, string] => {
        const equals = parameter.indexOf('=')
        return equals < 0 ? [parameter, ''] : [parameter.slice(0, equals), parameter.slice(equals + 1)]
      })
      const map = new Map(pairs)
      return { type: type.toLowerCase(), parameters: map, quality: Number(map.get('q') ?? 1) }
    })
    .filter(({ quality, type }) => type !== '' && quality > 0)
    .sort((left, right) => right.quality - left.quality)
}

export type Shape = 'object' | 'table' | 'metadata'

export interface Negotiated {
  format: 'json' | 'yaml'
  shape: Shape
}

const jsonRanges = new Set(['application/json', 'application/*', '*/*'])
const yamlTypes = new Set(['application/yaml', 'text/yaml', 'application/x-yaml'])
const shapes: Readonly<Record<string, Shape>> = {
  Table: 'table',
  PartialObjectMetadata: 'metadata',
  PartialObjectMetadataList: 'metadata',
}

/**
 * The first representation a client accepts that this server has. Throws 406 when there is none, which is how clients
 * that prefer protobuf learn to fall back.
 */
export function negotiate(request: IncomingMessage): Negotiated {
  for (const { type, parameters } of readAccept(request)) {
    const as = parameters.get('as')
    if (as !== undefined && (parameters.get('g') ?? 'meta.k8s.io') !== 'meta.k8s.io') continue
    const shape = as === undefined ? 'object' : shapes[as]
    if (shape === undefined) continue
    if (jsonRanges.has(type)) return { format: 'json', shape }
    if (yamlTypes.has(type)) return { format: 'yaml', shape }
  }
  throw notAcceptable(['application/json', 'application/yaml'])
}
