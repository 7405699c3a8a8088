import { isJsonObject, type JsonObject } from '@/contract/json'
import type { ApiObject } from '../api-object'
import { type FieldError, invalidValue, requiredValue } from '../errors/status-error'

/** What Kubernetes requires of a Secret by its type; other types, bootstrap tokens among them, may hold anything. */
const typeErrors: Readonly<Record<string, (data: JsonObject, secret: ApiObject) => FieldError[]>> = {
  'kubernetes.io/service-account-token': (_data, { metadata }) => {
    const annotation = 'kubernetes.io/service-account.name'
    return metadata.annotations?.[annotation] ? [] : [requiredValue(`metadata.annotations[${annotation}]`)]
  },
  'kubernetes.io/dockercfg': (data) => jsonErrors(data, '.dockercfg'),
  'kubernetes.io/dockerconfigjson': (data) => jsonErrors(data, '.dockerconfigjson'),
  'kubernetes.io/basic-auth': (data) =>
    'username' in data || 'password' in data ? [] : [requiredValue('data[username]'), requiredValue('data[password]')],
  'kubernetes.io/ssh-auth': (data) => (data['ssh-privatekey'] ? [] : [requiredValue('data[ssh-privatekey]')]),
  'kubernetes.io/tls': (data) =>
    ['tls.crt', 'tls.key'].filter((key) => !(key in data)).map((key) => requiredValue(`data[${key}]`)),
}

/** Kubernetes' errors for a Secret whose data is not what its type says. */
export function secretTypeErrors(secret: ApiObject): FieldError[] {
  const data = isJsonObject(secret['data']) ? secret['data'] : {}
  return typeErrors[String(secret['type'])]?.(data, secret) ?? []
}

/** The value holds a JSON object; the content stays out of the message. */
function jsonErrors(data: JsonObject, key: string): FieldError[] {
  const field = `data[${key}]`
  if (!(key in data)) return [requiredValue(field)]
  try {
    const value: unknown = JSON.parse(Buffer.from(String(data[key]), 'base64').toString('utf8'))
    if (value === null || isJsonObject(value)) return []
    return [invalidValue(field, '<secret contents redacted>', wrongType(value))]
  } catch (error) {
    // Node's own message quotes what is in it.
    if (error instanceof SyntaxError) return [invalidValue(field, '<secret contents redacted>', 'invalid JSON')]
    throw error
  }
}

function wrongType(value: unknown): string {
  const name = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return `json: cannot unmarshal ${name} into Go value of type map[string]interface {}`
}
