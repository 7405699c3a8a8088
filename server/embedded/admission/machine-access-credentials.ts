import type { JsonObject } from '@/contract/json'
import type { Causes } from './causes'
import type { MachineRule } from './machine-check'
import { fieldsSet, objectAt, objectsAt, textsAt, valueAt } from './machine-fields'

/** Keys and passwords: one source and one way into the guest each. */
export const checkAccessCredentials: MachineRule = ({ field, spec, causes }) => {
  const volumes = objectsAt(spec, 'volumes')
  const carriers = {
    noCloud: volumes.some((volume) => objectAt(volume, 'cloudInitNoCloud')),
    configDrive: volumes.some((volume) => objectAt(volume, 'cloudInitConfigDrive')),
  }
  for (const [index, credential] of objectsAt(spec, 'accessCredentials').entries()) {
    const at = `${field}.accessCredentials[${index}]`
    const key = objectAt(credential, 'sshPublicKey')
    if (key) {
      checkCarriers(at, { key, carriers, causes })
      checkOne(at, { name: 'sshPublicKey', credential: key, causes })
    }
    const password = objectAt(credential, 'userPassword')
    if (password) checkOne(at, { name: 'userPassword', credential: password, causes })
    if (fieldsSet(credential, ['sshPublicKey', 'userPassword']).length !== 1) {
      causes.invalid(at, `${at} must have exactly one access credential type set`)
    }
  }
}

interface CarrierCheck {
  key: JsonObject
  carriers: Readonly<Record<'noCloud' | 'configDrive', boolean>>
  causes: Causes
}

function checkCarriers(at: string, { key, carriers, causes }: CarrierCheck): void {
  const field = `${at}.sshPublicKey.propagationMethod`
  for (const method of ['noCloud', 'configDrive'] as const) {
    if (valueAt(key, 'propagationMethod', method) === undefined || carriers[method]) continue
    causes.invalid(field, `${at} requires a ${method} volume to exist when the ${method} propagationMethod is in use.`)
  }
  const agent = objectAt(key, 'propagationMethod', 'qemuGuestAgent')
  if (agent && textsAt(agent, 'users').length === 0) {
    causes.invalid(`${field}.qemuGuestAgent.users`, `${at} requires at least one user to be present in the users list`)
  }
}

interface CredentialCheck {
  name: 'sshPublicKey' | 'userPassword'
  credential: JsonObject
  causes: Causes
}

function checkOne(at: string, { name, credential, causes }: CredentialCheck): void {
  const methods = name === 'sshPublicKey' ? ['noCloud', 'configDrive', 'qemuGuestAgent'] : ['qemuGuestAgent']
  if (!objectAt(credential, 'source', 'secret')) {
    causes.invalid(`${at}.${name}.source`, `${at} must have exactly one source set`)
  }
  if (fieldsSet(objectAt(credential, 'propagationMethod') ?? {}, methods).length !== 1) {
    causes.invalid(`${at}.${name}.propagationMethod`, `${at} must have exactly one propagationMethod set`)
  }
}
