import { createHash } from 'node:crypto'

const longest = 63
/** The embedded cluster's name, and what would be read as a page of its own. */
const reserved = new Set(['local'])

/**
 * Names for addresses, one for each context: the context's own name where it may stand in a URL, otherwise as near to it
 * as possible. Contexts that come to the same name, and reserved ones, get a mark made of their own name, so that the
 * order of a file and what else is in it do not change anybody's address.
 */
export function nameContexts(contexts: readonly string[], taken: ReadonlySet<string> = new Set()): Map<string, string> {
  const plain = new Map(contexts.map((context) => [context, slugOf(context)]))
  const isFree = (context: string, slug: string) =>
    !reserved.has(slug) &&
    !taken.has(slug) &&
    (slug === context || contexts.every((other) => other === context || plain.get(other) !== slug))
  return new Map(
    [...plain].map(([context, slug]) => [
      context,
      isFree(context, slug) ? slug : `${slug.slice(0, longest - 7)}-${markOf(context)}`,
    ]),
  )
}

/** A name of small letters, digits, dots and hyphens; `cluster` when nothing of the text is left. */
export function slugOf(text: string): string {
  const slug = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .slice(0, longest)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  return slug || 'cluster'
}

const markOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 6)
