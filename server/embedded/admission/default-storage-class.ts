import { isJsonObject } from '@/contract/json'
import type { ReadObjects } from '../strategies/strategy'
import type { AdmissionPlugin } from './admission'

const defaultAnnotation = 'storageclass.kubernetes.io/is-default-class'

/** A claim that names no storage class gets the default one, the newest where there are several. */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  resources: ['persistentvolumeclaims'],
  mutate({ operation, object, list }) {
    const spec = object?.['spec']
    if (operation !== 'CREATE' || !isJsonObject(spec) || spec['storageClassName'] !== undefined) return
    const name = defaultClass(list)
    if (name !== undefined) spec['storageClassName'] = name
  },
}

function defaultClass(list: ReadObjects): string | undefined {
  const classes = list('storageclasses.storage.k8s.io').filter(
    ({ metadata }) => metadata.annotations?.[defaultAnnotation] === 'true',
  )
  classes.sort((left, right) =>
    (left.metadata.creationTimestamp ?? '') < (right.metadata.creationTimestamp ?? '') ? 1 : -1,
  )
  return classes[0]?.metadata.name
}
