const signInPath = '/sign-in'
const storageKey = 'chiave-return'
/** A sign-in takes a moment, not an afternoon: later one would be surprised to land there. Milliseconds. */
const patience = 15 * 60_000

/**
 * Leaves for the sign-in page and keeps where the person was, also for the tab in which they will open their link. Only for
 * pages on which nothing can be lost: elsewhere `askToSignInAgain`. `reason` is why, one of `signInReasons`.
 */
export function goToSignIn(reason?: string): void {
  const { pathname, search } = window.location
  if (pathname === signInPath) return
  keepReturn(pathname + search)
  window.location.assign(reason === undefined ? signInPath : `${signInPath}?reason=${encodeURIComponent(reason)}`)
}

/** Notes where to go after signing in. */
export function keepReturn(page: string): void {
  if (isOwnPage(page)) window.localStorage.setItem(storageKey, JSON.stringify({ page, at: Date.now() }))
}

/** Where to go after signing in, once; undefined when there is nowhere in particular. */
export function takeReturn(): string | undefined {
  const text = window.localStorage.getItem(storageKey)
  window.localStorage.removeItem(storageKey)
  return text === null ? undefined : readReturn(text, Date.now())
}

/** The same without using it up. */
export function peekReturn(): string | undefined {
  const text = window.localStorage.getItem(storageKey)
  return text === null ? undefined : readReturn(text, Date.now())
}

/** Reads what `keepReturn` wrote; anything else, anything old and anything outside this console is refused. */
export function readReturn(text: string, now: number): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Written by something else: as good as nothing.
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { page, at } = value as Record<string, unknown>
  if (typeof page !== 'string' || typeof at !== 'number') return undefined
  return now - at <= patience && isOwnPage(page) ? page : undefined
}

/** A path of this console, not another site's address in disguise (`//elsewhere`, `/\elsewhere`). */
function isOwnPage(page: string): boolean {
  return /^\/(?![/\\])/.test(page) && page !== '/' && !page.startsWith(signInPath)
}
