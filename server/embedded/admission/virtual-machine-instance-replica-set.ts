import type { AdmissionPlugin } from './admission'
import { Causes, deniedByKubeVirt } from './causes'
import { objectAt, valueAt } from './machine-fields'
import { labelsOf, selectorMatches } from './machine-selectors'
import { readMachineSettings } from './machine-settings'
import { checkShape } from './machine-shape'
import { checkMachineSpec } from './machine-spec'

const webhook = 'virtualmachinereplicaset-validator.kubevirt.io'

/** KubeVirt's rules for VirtualMachineInstanceReplicaSets. */
export const virtualMachineInstanceReplicaSetAdmission: AdmissionPlugin = {
  name: webhook,
  resources: ['virtualmachineinstancereplicasets.kubevirt.io'],
  validate({ operation, object, subresource, list }) {
    if (operation === 'DELETE' || !object || subresource !== '') return
    checkShape(webhook, object, true)
    const causes = new Causes()
    const spec = objectAt(object, 'spec', 'template', 'spec') ?? {}
    checkMachineSpec({ field: 'spec.template.spec', spec, settings: readMachineSettings(list), causes })
    const labels = labelsOf(valueAt(object, 'spec', 'template', 'metadata'))
    if (!selectorMatches(objectAt(object, 'spec', 'selector'), labels)) {
      causes.invalid('spec.selector', 'selector does not match labels.')
    }
    if (causes.any) throw deniedByKubeVirt(webhook, causes.list)
  },
}
