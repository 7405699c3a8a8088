import type { ResourceCall } from '../api-context'
import { negotiate } from '../http/negotiate'
import { isTrue } from '../http/request-info'
import { sendBody, toYaml } from '../http/respond'
import { type Representation, representationOf } from '../represent/representation'

/** How this request wants to see objects. Throws 406. */
export function representationFor(call: ResourceCall): Representation & { yaml: boolean } {
  const negotiated = negotiate(call.request)
  const representation = representationOf({
    target: call.target,
    negotiated,
    includeObject: call.query.get('includeObject') ?? 'Metadata',
    now: () => call.api.clock.now(),
  })
  return { ...representation, yaml: negotiated.format === 'yaml' }
}

/** Answers with one object in the shape and format the client asked for. */
export async function sendObject(call: ResourceCall, status: number, body: Buffer): Promise<void> {
  const representation = representationFor(call)
  await sendRepresented(call, representation, { status, json: representation.single(body) })
}

/** Sends JSON that is complete, as YAML or with line breaks where the client wants that. */
export async function sendRepresented(
  call: ResourceCall,
  { yaml, contentType }: Pick<Representation, 'contentType'> & { yaml: boolean },
  { status, json }: { status: number; json: Buffer },
): Promise<void> {
  await sendBody(call.request, call.response, {
    status,
    body: yaml ? toYaml(json) : wantsPretty(call.query) ? pretty(json) : json,
    contentType: yaml ? 'application/yaml' : contentType,
  })
}

export function wantsPretty(query: URLSearchParams): boolean {
  return isTrue(query.get('pretty'))
}

function pretty(json: Buffer): string {
  return JSON.stringify(JSON.parse(json.toString('utf8')), null, 2)
}

/** Adds Warning headers (RFC 7234), which kubectl prints. */
export function addWarnings(call: ResourceCall, warnings: readonly string[]): void {
  const own = call.target.version.deprecationWarning
  const texts = [...(own === undefined ? [] : [own]), ...warnings]
  if (texts.length === 0) return
  call.response.setHeader(
    'Warning',
    texts.map(
      (text) =>
        `299 - "${text
          .replace(/[\r\n]+/g, ' ')
          .replace(/[\\"]/g, '\\$&')
          .slice(0, 4096)}"`,
    ),
  )
}
