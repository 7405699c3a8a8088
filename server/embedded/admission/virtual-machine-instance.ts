import { isJsonObject, type JsonObject, jsonEqual } from '@/contract/json'
import { deniedByWebhook, StatusError } from '../errors/status-error'
import type { AdmissionPlugin } from './admission'
import { Causes } from './causes'
import { fillInstance } from './machine-defaults'
import { checkMachineSpec } from './machine-spec'

const creator = 'virtualmachineinstance-create-validator.kubevirt.io'
const updater = 'virtualmachineinstance-update-validator.kubevirt.io'

function hasMemory(spec: JsonObject): boolean {
  const domain = isJsonObject(spec['domain']) ? spec['domain'] : {}
  const memory = isJsonObject(domain['memory']) ? domain['memory'] : {}
  const resources = isJsonObject(domain['resources']) ? domain['resources'] : {}
  const requests = isJsonObject(resources['requests']) ? resources['requests'] : {}
  const pages = isJsonObject(memory['hugepages']) ? memory['hugepages']['pageSize'] : undefined
  return memory['guest'] !== undefined || pages !== undefined || requests['memory'] !== undefined
}

/** KubeVirt's defaults and rules for VirtualMachineInstances. */
export const virtualMachineInstanceAdmission: AdmissionPlugin = {
  name: creator,
  resources: ['virtualmachineinstances.kubevirt.io'],
  mutate({ operation, object }) {
    if (operation !== 'CREATE' || !object || !isJsonObject(object['spec'])) return
    fillInstance(object['spec'])
    // The status of a new instance; there is no status subresource that would keep a client from setting it.
    object['status'] = { ...(isJsonObject(object['status']) ? object['status'] : {}), phase: 'Pending' }
  },
  validate({ operation, object, old, user }) {
    const spec = isJsonObject(object?.['spec']) ? object['spec'] : undefined
    if (operation === 'CREATE') {
      const causes = new Causes()
      if (spec) checkMachineSpec('spec', spec, causes)
      if (!spec || !isJsonObject(spec['domain'])) causes.required('spec.domain', 'missing domain.')
      else if (!hasMemory(spec)) {
        causes.required(
          'spec.domain.resources.requests.memory',
          'no memory requested, at least one of memory.guest, memory.hugepages.pageSize or resources.requests.memory must be set',
        )
      }
      if (causes.list.length > 0) throw deniedByWebhook(creator, causes.list)
    }
    if (operation !== 'UPDATE' || jsonEqual(spec, old?.['spec'])) return
    // The platform's own controllers change a running instance, for hot-plugging; nobody else does.
    if (user.name.startsWith('system:')) return
    throw new StatusError({
      message: `admission webhook "${updater}" denied the request: update of VMI object is restricted`,
      reason: 'Invalid',
      details: { causes: [{ reason: 'FieldValueNotSupported', message: 'update of VMI object is restricted' }] },
      code: 422,
    })
  },
}
