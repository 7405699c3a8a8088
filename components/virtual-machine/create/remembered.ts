import * as z from 'zod'
import { sshKeyProblem } from '@/contract/cloud-init/ssh-public-key'

/** What this browser remembers for the next machine: public keys and the namespace; nothing secret. */

const keysKey = 'chiave-ssh-keys'
const namespaceKey = 'chiave-namespace'

export function rememberedSshKeys(): string[] {
  const text = localStorage.getItem(keysKey)
  if (text === null) return []
  const parsed = z.array(z.string()).safeParse(parseJson(text))
  return parsed.success ? parsed.data.filter((key) => sshKeyProblem(key) === undefined) : []
}

export function rememberSshKey(key: string): void {
  const keys = rememberedSshKeys()
  if (!keys.includes(key)) localStorage.setItem(keysKey, JSON.stringify([...keys, key]))
}

export function forgetSshKey(key: string): void {
  localStorage.setItem(keysKey, JSON.stringify(rememberedSshKeys().filter((known) => known !== key)))
}

export function rememberedNamespace(): string | undefined {
  return localStorage.getItem(namespaceKey) ?? undefined
}

export function rememberNamespace(namespace: string): void {
  localStorage.setItem(namespaceKey, namespace)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Something else wrote there: as if nothing were remembered.
    return undefined
  }
}
