/**
 * Entries whose title or place contain every word of the text, best first: titles that begin with it, then titles with a
 * word that begins with it, then the rest; equals keep their order.
 */
export function findEntries<T extends { title: string; place: string }>(entries: readonly T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const [first] = words
  if (first === undefined) return [...entries]
  const rank = (title: string) =>
    title.startsWith(first) ? 0 : title.split(/[\s\-_.]+/).some((w) => w.startsWith(first)) ? 1 : 2
  return entries
    .map((entry) => ({ entry, title: entry.title.toLowerCase() }))
    .filter(({ entry, title }) =>
      words.every((word) => title.includes(word) || entry.place.toLowerCase().includes(word)),
    )
    .sort((a, b) => rank(a.title) - rank(b.title))
    .map(({ entry }) => entry)
}
