import * as YAML from 'yaml'

/** What a new machine's user data says about getting in. */
export interface GuestAccess {
  hostname: string
  user: string
  /** Plain; absent: no password log-in is set up. */
  password?: string | undefined
  sshKeys: readonly string[]
}

/**
 * A `#cloud-config` in the plainest shape there is (top-level keys of the cloud-init module reference, one block list),
 * so that guests with only a small reader of their own understand it too.
 */
export function buildCloudConfig({ hostname, user, password, sshKeys }: GuestAccess): string {
  const config = new YAML.Document({
    hostname,
    user,
    ...(password === undefined ? {} : { password, chpasswd: { expire: false }, ssh_pwauth: true }),
    ...(sshKeys.length === 0 ? {} : { ssh_authorized_keys: [...sshKeys] }),
  })
  const chpasswd = config.get('chpasswd')
  if (YAML.isMap(chpasswd)) chpasswd.flow = true
  return `#cloud-config\n${config.toString({ lineWidth: 0 })}`
}

/** Reads what `buildCloudConfig` wrote, and as much as possible of what others wrote; undefined when it is no cloud-config. */
export function readCloudConfig(text: string): GuestAccess | undefined {
  if (!text.startsWith('#cloud-config')) return undefined
  const config = parseMap(text)
  if (!config) return undefined
  const keys = config['ssh_authorized_keys']
  return {
    hostname: asText(config['hostname']) ?? '',
    user: asText(config['user']) ?? '',
    password: asText(config['password']),
    sshKeys: Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [],
  }
}

function parseMap(text: string): Record<string, unknown> | undefined {
  const document = YAML.parseDocument(text)
  if (document.errors.length > 0) return undefined
  const value: unknown = document.toJS()
  // A YAML mapping turned to JS is a plain object with string keys.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

/** People write `password: 1234` and mean the text. */
function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
