import { isAlias, isCollection, isMap, isPair, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml'

/** The parser that knows where each node is takes its time; of longer texts only the first repetition is told. */
const thoroughLimit = 64 * 1024

/** One sentence for each key that a mapping of the text has again, in the words of Kubernetes' decoder. */
export function repeatedYamlKeys(text: string): string[] {
  if (text.length > thoroughLimit) return []
  const lines = new LineCounter()
  // As text is judged here that was parsed otherwise, nothing but repetitions is of interest.
  const document = parseDocument(text, { uniqueKeys: false, version: '1.1', strict: false, lineCounter: lines })
  const found: string[] = []
  visit(document.contents, (line, key) => found.push(alreadySet(line, key)), lines)
  return found
}

/** What Kubernetes says of a key that is there again; `line` counts from 1. */
export function alreadySet(line: number, key: unknown): string {
  return `line ${line}: key ${typeof key === 'string' ? JSON.stringify(key) : String(key)} already set in map`
}

type Report = (line: number, key: unknown) => void

/** Values before the keys that hold them, as the decoder meets them. Nesting was bounded when the text was parsed. */
function visit(node: unknown, report: Report, lines: LineCounter): void {
  if (isAlias(node) || !isCollection(node)) return
  if (isMap(node)) {
    visitMap(node, report, lines)
    return
  }
  for (const item of node.items) visit(isPair(item) ? item.value : item, report, lines)
}

function visitMap(map: YAMLMap, report: Report, lines: LineCounter): void {
  const seen = new Set<unknown>()
  for (const { key, value } of map.items) {
    visit(value, report, lines)
    if (!isScalar(key)) continue
    // The line is that of the value, which the decoder has in hand by then.
    if (seen.has(key.value)) report(lines.linePos(startOf(value) ?? startOf(key) ?? 0).line, key.value)
    seen.add(key.value)
  }
}

function startOf(node: unknown): number | undefined {
  return (isCollection(node) || isScalar(node) || isAlias(node)) && node.range ? node.range[0] : undefined
}
