import type { ConnectionHealth, HealthState } from '@/contract/connections'
import type { MessageKey } from '../i18n/catalogue'
import type { Tone } from '../ui/status-label'

const tones: Record<HealthState, Tone> = {
  connecting: 'busy',
  connected: 'good',
  slow: 'warning',
  unreachable: 'bad',
  refusing: 'bad',
}

/** What a connection's state means to a person. */
export function toneOf({ state }: Pick<ConnectionHealth, 'state'>): Tone {
  return tones[state]
}

/** The words for a connection's state. */
export function stateKey({ state }: Pick<ConnectionHealth, 'state'>): MessageKey {
  return `connection.state.${state}`
}

/** Credentials that end within this time are worth a warning. Milliseconds. */
const soon = 7 * 24 * 60 * 60 * 1000

/** Whether the connection's own credentials end soon, or have ended. `now` in milliseconds since the epoch. */
export function credentialsEndSoon({ credentialsExpireAt }: ConnectionHealth, now: number): boolean {
  return credentialsExpireAt !== undefined && Date.parse(credentialsExpireAt) - now < soon
}

/** The page of the same kind in another cluster: an object of this one is not expected to be there. */
export function pathInCluster(pathname: string, cluster: string): string {
  const [, root, , page] = pathname.split('/')
  return `/c/${encodeURIComponent(cluster)}/${root === 'c' && page ? page : 'overview'}`
}
