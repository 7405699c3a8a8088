import type { ApiContext } from '../api-context'
import type { ApiRequest } from '../http/api-request'
import { pathNotFound } from '../http/dispatch'
import type { ResourceRequestInfo } from '../http/request-info'
import { sendBody, sendJson } from '../http/respond'
import type { buildVersions } from '../versions'
import { reader } from '../write/write-context'

/** Calls of `subresources.kubevirt.io` that are about the cluster: its version, its health, its tools. */
export async function answerGroupCall(
  { request, response }: ApiRequest,
  { verb, resource, name }: ResourceRequestInfo,
  { api, versions }: { api: ApiContext; versions: ReturnType<typeof buildVersions> },
): Promise<void> {
  if ((verb !== 'list' && verb !== 'get') || name !== '') throw pathNotFound()
  if (resource === 'version') return sendJson(request, response, versions.kubevirt)
  if (resource === 'healthz') {
    const settings = reader(api)({ resource: 'kubevirts.kubevirt.io', namespace: 'kubevirt', name: 'kubevirt' })
    return sendJson(request, response, {
      apiserver: { connectivity: 'ok', version: versions.kubernetes },
      'config-resource-version': settings?.metadata.resourceVersion ?? '',
    })
  }
  if (resource !== 'guestfs') throw pathNotFound()
  // The tools come as a container image, of which a cluster without containers knows none.
  await sendBody(request, response, {
    status: 500,
    body: JSON.stringify({ guestfs: { status: 'failed', error: 'unexpected end of JSON input' } }),
  })
}
