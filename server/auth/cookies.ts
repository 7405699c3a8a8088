/** The value of a cookie in a Cookie header; the first one when it is there twice. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const at = part.indexOf('=')
    if (at !== -1 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return undefined
}

export interface CookieSettings {
  name: string
  secure: boolean
}

/**
 * The session cookie's name. Cookies do not tell ports apart, so the port is part of it: two instances on one host would
 * sign each other out otherwise. `__Host-` binds it to this very host wherever TLS allows that.
 */
export function sessionCookie({ port, secure }: { port: number; secure: boolean }): CookieSettings {
  return { name: `${secure ? '__Host-' : ''}chiave_session_${port}`, secure }
}

/**
 * `SameSite=Lax`, on purpose: a link to a machine in a chat or a wiki should open signed in, and pages change nothing by
 * being opened. Whatever changes something needs the CSRF token and our own origin besides, and Strict would not keep
 * other ports of this host out anyway, which are the same site to a browser.
 */
export function formatCookie({ name, secure }: CookieSettings, value: string, maxAgeSeconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}
