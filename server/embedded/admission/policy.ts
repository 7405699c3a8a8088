import type { NamespaceUsage } from '../quota/namespace-usage'
import type { AdmissionPlugin } from './admission'
import { limitRangeAdmission } from './limit-range'
import { noContainers } from './no-containers'
import { resourceQuotaAdmission } from './resource-quota'
import { serviceAccountAdmission } from './service-account'
import { type PolicyParts, validatingAdmissionPolicies } from './validating-admission-policy'

/** What administrators rule, in the order it runs: quota last, so that only what is admitted otherwise counts. */
export function policyAdmission(parts: PolicyParts & { usage: NamespaceUsage }): AdmissionPlugin[] {
  return [
    serviceAccountAdmission,
    limitRangeAdmission,
    noContainers,
    validatingAdmissionPolicies(parts),
    resourceQuotaAdmission(parts.usage),
  ]
}
