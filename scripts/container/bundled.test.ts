import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '..', '..')
const next = path.join(root, process.env['CHIAVE_NEXT_DIST'] ?? '.next')

/** What makes a browser ask another host, in the three languages that a page consists of. */
const requests: Readonly<Record<string, RegExp>> = {
  css: /(?:url\(\s*["']?|@import\s+["'])(?:https?:)?\/\/[^"')\s]+/g,
  html: /<(?:script|link|img|iframe|source|video|object|embed)\b[^>]*?\b(?:src|href|data)=["'](?:https?:)?\/\/[^"']+/g,
  js: /\b(?:fetch|importScripts|import|require|WebSocket|EventSource|Worker|sendBeacon|open)\(\s*["'`](?:https?|wss?):\/\/[^"'`]+|\.(?:src|href|action)\s*=\s*["'`](?:https?:)?\/\/[^"'`]+/g,
}

/** Hosts of fonts, libraries and statistics: not even as a text. */
const elsewhere =
  /fonts\.(?:googleapis|gstatic)\.com|cdn\.jsdelivr\.net|unpkg\.com|cdnjs\.cloudflare\.com|esm\.sh|google-analytics\.com|googletagmanager\.com|telemetry\.nextjs\.org|va\.vercel-scripts\.com|sentry\.io/g

function filesBelow(directory: string, pattern: RegExp): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => pattern.test(file))
    .map((file) => path.join(directory, file))
    .filter((file) => statSync(file).isFile())
}

function found(files: readonly string[], pattern: RegExp): string[] {
  return files.flatMap((file) =>
    (readFileSync(file, 'utf8').match(pattern) ?? []).map(
      (text) => `${path.relative(root, file)}: ${text.slice(0, 120)}`,
    ),
  )
}

describe.skipIf(!existsSync(path.join(next, 'BUILD_ID')))('what browsers get', () => {
  const places = [path.join(next, 'static'), path.join(next, 'server', 'app'), path.join(root, 'public')]

  test.each([
    ['css', /\.css$/],
    ['html', /\.(html|svg|rsc)$/],
    ['js', /\.(js|mjs)$/],
  ] as const)('asks no other host: %s', (language, pattern) => {
    const files = places
      // Beside pages lie the server's own chunks, which no browser gets.
      .filter((place) => language !== 'js' || !place.includes(`${path.sep}server${path.sep}`))
      .flatMap((place) => filesBelow(place, pattern))
    if (language !== 'html') expect(files.length).toBeGreaterThan(0)
    expect(found(files, requests[language] ?? /^$/)).toEqual([])
    expect(found(files, elsewhere)).toEqual([])
  })

  test('brings its fonts along', () => {
    const fonts = filesBelow(path.join(next, 'static'), /\.(woff2?|ttf)$/)
    expect(fonts.length).toBeGreaterThan(0)
  })
})

describe('the patterns', () => {
  test.each([
    ['css', '@font-face{src:url(https://fonts.example/x.woff2)}'],
    ['css', '@import "//cdn.example/x.css";'],
    ['html', '<script async src="https://cdn.example/x.js">'],
    ['html', '<link rel="stylesheet" href="//cdn.example/x.css">'],
    ['js', 'fetch("https://stats.example/")'],
    ['js', 'a.src="//cdn.example/x.js"'],
    ['js', 'new WebSocket("wss://live.example")'],
  ])('of %s find %s', (language, text) => {
    expect(text.match(requests[language] ?? /^$/)).toHaveLength(1)
  })

  test.each([
    ['css', 'a{background:url(/_next/static/media/x.svg)}'],
    ['html', '<a href="https://kubevirt.io">'],
    ['js', 'fetch("/auth/session");x="http://www.w3.org/2000/svg"'],
  ])('of %s let pass %s', (language, text) => {
    expect(text.match(requests[language] ?? /^$/)).toBeNull()
  })
})
