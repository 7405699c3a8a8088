/**
 * `/openapi/v2`. Clients before OpenAPI v3 ask for it as protobuf, to check manifests before they send them; what it
 * does not describe they leave to the server. So it describes nothing.
 */
const info = { title: 'Kubernetes', version: 'unversioned' }

export const openApiV2Json = JSON.stringify({ swagger: '2.0', info, paths: {}, definitions: {} })

/** What kube-apiserver answers with: the `@` of the type asked for is not allowed in a media type. */
const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** The document in the form the client takes; JSON unless protobuf comes first. */
export function openApiV2(accept: string | undefined): { body: Buffer | string; contentType: string } {
  const first = accept?.split(',')[0] ?? ''
  if (first.startsWith('application/com.github.')) return { body: protobufDocument(), contentType: protobufType }
  return { body: openApiV2Json, contentType: 'application/json' }
}

/** openapi.v2.Document with `swagger` (field 1), `info` (2: title 1, version 2) and empty `paths` (8). */
function protobufDocument(): Buffer {
  const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value))
  return Buffer.concat([
    text(1, '2.0'),
    bytes(2, Buffer.concat([text(1, info.title), text(2, info.version)])),
    bytes(8, Buffer.alloc(0)),
  ])
}

/** A length-delimited field; all of ours are shorter than 128 bytes. */
function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), value])
}
