/** Where a request below `/k8s/` goes. */
export interface ApiTarget {
  cluster: string
  /** As it goes on the wire, query included. */
  path: string
}

/** The path may not be forwarded; the message says why. */
export class BadPath extends Error {}

/**
 * Splits `/k8s/<cluster>/…?query` without ever normalising it: what the checks of this server saw and what the API server
 * sees is the same text, so everything that two parsers might read differently is refused with `BadPath`.
 */
export function parseApiTarget(url: string): ApiTarget {
  if (/[^\x21-\x7e]/.test(url) || url.includes('#')) throw new BadPath('the address has characters that none may have')
  const queryAt = url.indexOf('?')
  const pathname = queryAt === -1 ? url : url.slice(0, queryAt)
  const segments = pathname.split('/')
  const [, prefix, cluster, ...rest] = segments
  if (prefix !== 'k8s' || !cluster) throw new BadPath('the address names no cluster')
  rest.forEach((segment, index) => checkSegment(segment, index === rest.length - 1))
  return {
    cluster: decode(cluster),
    path: `/${rest.join('/')}${queryAt === -1 ? '' : url.slice(queryAt)}`,
  }
}

function checkSegment(segment: string, isLast: boolean): void {
  if (segment === '' && !isLast) throw new BadPath('the path has an empty part')
  const plain = decode(segment)
  if (plain === '.' || plain === '..') throw new BadPath('the path points to its own parents')
  for (const character of plain) {
    const code = character.charCodeAt(0)
    if (character === '/' || character === '\\') throw new BadPath('the path hides a separator in one of its parts')
    if (code < 0x20 || code === 0x7f) throw new BadPath('the path has characters that none may have')
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (error) {
    throw new BadPath('the path is not well encoded', { cause: error })
  }
}
