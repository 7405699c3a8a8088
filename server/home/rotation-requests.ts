import type { Home } from './home'

/** What lies inside the cluster's state, so that only the cluster process can replace it, at its next start. */
export const rotations = ['signing-key', 'client-ca'] as const
export type Rotation = (typeof rotations)[number]

/** The file that stands for a request: the cluster process removes it when it has done what was asked. */
export function rotationRequest(home: Home, what: Rotation): string {
  return home.file('cluster', `rotate-${what}`)
}

/** Asks for a replacement at the next start. */
export function requestRotation(home: Home, what: Rotation): void {
  home.write({ path: rotationRequest(home, what), content: '', mode: 0o600, owner: home.uids?.cluster })
}
