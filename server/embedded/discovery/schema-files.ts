import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isJsonObject, type JsonObject } from '@/contract/json'

/** What a definition of a built-in kind is named by besides its own name. */
export interface GroupVersionKind {
  group: string
  version: string
  kind: string
}

/**
 * The schemas that the build makes (`scripts/schemas`): one file for each custom kind of ours, and the definitions of
 * Kubernetes' own kinds, one in each line of one file. That file is kept as text, and a definition is parsed when it is
 * asked for: as objects they would take ten times the memory.
 */
export class SchemaFiles {
  readonly #directory: string | undefined
  #text = ''
  #lines: Map<string, { from: number; to: number }> | undefined
  #names = new Map<string, string>()

  /** Without a directory there are no schemas: what is served then lets every field pass. */
  constructor(directory: string | undefined) {
    this.#directory = directory
  }

  /** Changes whenever the schemas do. */
  fingerprint(): string {
    return this.#directory === undefined ? '' : readFileSync(path.join(this.#directory, 'stamp'), 'utf8')
  }

  /** The structural schema of a custom kind of ours, by `<plural>.<group>`. Throws when there is none. */
  ofCustomKind(name: string): JsonObject | undefined {
    if (this.#directory === undefined) return undefined
    const schema: unknown = JSON.parse(readFileSync(path.join(this.#directory, `${name}.json`), 'utf8'))
    if (!isJsonObject(schema)) throw new Error(`The schema of ${name} is no object`)
    return schema
  }

  /** The name of the definition of a built-in kind, e.g. `io.k8s.api.core.v1.Pod`. */
  nameOf({ group, version, kind }: GroupVersionKind): string | undefined {
    this.#index()
    return this.#names.get(`${group}/${version}/${kind}`)
  }

  /** A definition as JSON, with references `#/definitions/…`. */
  textOf(name: string): string | undefined {
    const place = this.#index().get(name)
    return place && this.#text.slice(place.from, place.to)
  }

  definition(name: string): JsonObject | undefined {
    const text = this.textOf(name)
    const parsed: unknown = text === undefined ? undefined : JSON.parse(text)
    return isJsonObject(parsed) ? parsed : undefined
  }

  /** Where each definition is in the text. */
  #index(): Map<string, { from: number; to: number }> {
    if (this.#lines) return this.#lines
    const lines = new Map<string, { from: number; to: number }>()
    this.#lines = lines
    if (this.#directory === undefined) return lines
    this.#text = readFileSync(path.join(this.#directory, 'kubernetes.json'), 'utf8')
    for (let from = 0; from < this.#text.length; ) {
      const newline = this.#text.indexOf('\n', from)
      const end = newline < 0 ? this.#text.length : newline
      const line = this.#text.slice(from, end)
      const name = /^"([^"]+)":/.exec(line)?.[1]
      if (name !== undefined) {
        lines.set(name, { from: from + name.length + 3, to: line.endsWith(',') ? end - 1 : end })
        const kind = kindPattern.exec(line)
        if (kind) this.#names.set(`${kind[1]}/${kind[3]}/${kind[2]}`, name)
      }
      from = end + 1
    }
    return lines
  }
}

const kindPattern = /"x-kubernetes-group-version-kind":\[\{"group":"([^"]*)","kind":"([^"]*)","version":"([^"]*)"\}\]\}/
