import type { JsonObject } from '@/contract/json'

/** Where a template's spec stands. */
export const at = 'spec.template.spec'
export const labelWords =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

export const disks = (...entries: JsonObject[]) => ({ 'spec.domain.devices.disks': entries })
export const root = (more: JsonObject) => disks({ name: 'root', disk: { bus: 'virtio' }, ...more })
export const volumes = (...entries: JsonObject[]) => ({ 'spec.volumes': entries })
export const cloudInit = (source: JsonObject) => ({
  ...disks({ name: 'seed', disk: { bus: 'virtio' } }),
  ...volumes({ name: 'seed', cloudInitNoCloud: source }),
})
export const nic = (more: JsonObject) => ({ 'spec.domain.devices.interfaces': [{ name: 'default', ...more }] })
export const resources = (requests: JsonObject, limits: JsonObject = {}) => ({
  'spec.domain.memory': undefined,
  'spec.domain.resources': { requests, limits },
})

/** What is wrong, the change that makes it so, KubeVirt's words and the field it names. */
export type Row = [what: string, values: JsonObject, words: string, field: string]
