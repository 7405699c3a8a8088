import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogue } from './catalogue'
import { chooseLanguage } from './language'

type Messages = { [key: string]: string | Messages }

function flatten(messages: Messages, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>()
  for (const [key, value] of Object.entries(messages)) {
    if (typeof value === 'string') flat.set(prefix + key, value)
    else for (const [inner, text] of flatten(value, `${prefix}${key}.`)) flat.set(inner, text)
  }
  return flat
}

const stem = (key: string) => key.replace(/_(one|other|many)$/, '')
const placeholders = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1]).sort()

/** All code that can say something, without its tests. */
function sources(): string {
  return ['app', 'components']
    .flatMap((room) =>
      readdirSync(room, { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
        .map((file) => readFileSync(join(room, file), 'utf8')),
    )
    .join('\n')
}

const en = flatten(catalogue.en)
const it_ = flatten(catalogue.it)
const code = sources()
const areas = Object.keys(catalogue.en).join('|')
/** Keys written out, and the beginnings of keys that are put together: `machines.status.${status}`. */
const written = new Set(
  [...code.matchAll(new RegExp(`['"\`]((?:${areas})\\.[\\w.]+)['"\`]`, 'g'))].map((m) => m[1] ?? ''),
)
const composed = [...code.matchAll(new RegExp(`\`((?:${areas})\\.[\\w.]*)\\$\\{[^}]*\\}([\\w.]*)\``, 'g'))].map(
  (match) => new RegExp(`^${match[1]}[\\w.-]+${match[2]}$`),
)

describe('the catalogues', () => {
  it('say everything in both languages', () => {
    const plain = (keys: Iterable<string>) => [...new Set([...keys].map(stem))].sort()
    expect(plain(it_.keys())).toEqual(plain(en.keys()))
  })

  it('never say nothing', () => {
    expect([...en, ...it_].filter(([, text]) => text.trim() === '').map(([key]) => key)).toEqual([])
  })

  it('use the same values in both languages', () => {
    const different = [...en.keys()].filter((key) => {
      const other = it_.get(key)
      // A singular may do without the number.
      return (
        other !== undefined &&
        !key.endsWith('_one') &&
        `${placeholders(en.get(key) ?? '')}` !== `${placeholders(other)}`
      )
    })
    expect(different).toEqual([])
  })

  it('contain what the code asks for', () => {
    const known = new Set([...en.keys()].flatMap((key) => [key, stem(key)]))
    expect([...written].filter((key) => !known.has(key))).toEqual([])
    expect(composed.filter((pattern) => ![...known].some((key) => pattern.test(key))).map(String)).toEqual([])
  })

  it('contain nothing that nobody says', () => {
    const said = (key: string) => written.has(key) || composed.some((pattern) => pattern.test(key))
    expect([...new Set([...en.keys()].map(stem))].filter((key) => !said(key))).toEqual([])
  })
})

describe('the language', () => {
  it('is the chosen one, else the first that the browser asks for and we speak, else English', () => {
    expect(chooseLanguage('it', 'en')).toBe('it')
    expect(chooseLanguage(undefined, 'de-AT,it-IT;q=0.8,en;q=0.5')).toBe('it')
    expect(chooseLanguage('tlh', 'de')).toBe('en')
    expect(chooseLanguage(undefined, null)).toBe('en')
  })
})
