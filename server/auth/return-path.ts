const base = 'http://console.invalid'

/**
 * Where a person wanted to go, when that is a page of the console; otherwise `/`. Browsers take backslashes for slashes
 * and drop tabs and line breaks, so such an address could lead anywhere.
 */
export function returnPath(wanted: string | null | undefined): string {
  if (!wanted || wanted.length > 2048 || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(wanted)) return '/'
  if (!URL.canParse(wanted, base)) return '/'
  const { origin, pathname, search, hash } = new URL(wanted, base)
  // `/./` and `/../` are gone by now: what is left must still be no address of another host, and a page.
  if (origin !== base || pathname.startsWith('//') || /^\/(auth|k8s|live|consoles)(\/|$)/.test(pathname)) return '/'
  return `${pathname}${search}${hash}`
}
