/**
 * What a browser says of itself, for people: `Firefox on Linux`. Browsers pretend to be each other, so the most particular
 * names are looked for first; what is no browser (curl, kubectl) keeps its own first word.
 */
export function describeUserAgent(userAgent: string): { program: string; system?: string } {
  const program = programs.find(([, mark]) => mark.test(userAgent))?.[0] ?? userAgent.split(/[\s/]/, 1)[0] ?? ''
  const system = systems.find(([, mark]) => mark.test(userAgent))?.[0]
  return system === undefined ? { program } : { program, system }
}

const programs: readonly (readonly [string, RegExp])[] = [
  ['Edge', /\bEdg(e|A|iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(Firefox|FxiOS)\//],
  ['Chrome', /\b(Chrome|CriOS|HeadlessChrome)\//],
  ['Safari', /\bSafari\//],
]

const systems: readonly (readonly [string, RegExp])[] = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(iPhone|iPad|iPod)\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
]
