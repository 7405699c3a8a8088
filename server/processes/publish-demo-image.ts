import fs from 'node:fs'
import { buildDemoCatalogConfigMap } from '@/contract/catalog/demo-image'
import { type ConfigMap, configMapKind } from '@/contract/kinds/core'
import { ApiError, type KubeClient } from '../cluster/kube-client'

/**
 * Puts the demo guest into the catalog when this instance hands out its image, and takes it out when it does not. An
 * entry that already names this instance's address is left alone, an administrator's changes to it included.
 */
export async function publishDemoImage(options: {
  client: KubeClient
  file: string
  apiServerUrl: string
}): Promise<void> {
  const { client, file, apiServerUrl } = options
  const wanted = buildDemoCatalogConfigMap({ apiServerUrl })
  const { name, namespace } = wanted.metadata
  const ref = { name, ...(namespace ? { namespace } : {}) }
  const present = await client.find<ConfigMap>(configMapKind, ref)
  if (!fs.existsSync(file)) {
    if (present) await client.delete(configMapKind, ref)
    return
  }
  if (Object.values(present?.data ?? {}).some((text) => text.includes(apiServerUrl))) return
  if (present) {
    await client.patch(configMapKind, ref, { type: 'merge', body: { data: wanted.data } })
    return
  }
  try {
    await client.create(configMapKind, wanted)
  } catch (error) {
    // Someone else's start of the same home made it; what they made is as good.
    if (!(error instanceof ApiError && error.code === 409)) throw error
  }
}
