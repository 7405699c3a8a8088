/** Names that Kubernetes accepts, and friendly ones to begin with. */

/** `empty`, `too-long` (over 63), `characters` (outside a-z, 0-9 and -), `ends` (begins or ends with -). */
export type NameProblem = 'empty' | 'too-long' | 'characters' | 'ends'

/** The longest DNS label (RFC 1123), which names of machines, namespaces and volumes have to be. */
export const maxLabelLength = 63

/** What keeps a name from being a DNS label (RFC 1123), the first problem a person should mend. */
export function dnsLabelProblem(name: string): NameProblem | undefined {
  if (name === '') return 'empty'
  if (!/^[a-z0-9-]+$/.test(name)) return 'characters'
  if (name.startsWith('-') || name.endsWith('-')) return 'ends'
  if (name.length > maxLabelLength) return 'too-long'
  return undefined
}

export function isDnsLabel(name: string): boolean {
  return dnsLabelProblem(name) === undefined
}

/** The nearest DNS label to any text: `Debian 12 (Bookworm)` becomes `debian-12-bookworm`; may be empty. */
export function toDnsLabel(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maxLabelLength)
    .replace(/^-+|-+$/g, '')
}

const adjectives =
  'amber brave bright calm clever cosy crisp eager early fair fleet fond gentle glad golden happy honest jolly keen kind lively loyal lucky mellow merry mild modest neat nimble noble patient plucky polite proud quick quiet rapid rosy shy silver smart snug steady sunny swift tidy vivid warm wise witty'.split(
    ' ',
  )

const animals =
  'badger beaver bison camel condor crane curlew dolphin eagle falcon ferret finch fox gecko gull hare hawk heron ibex ibis jackdaw kestrel kiwi koala lark lemur lynx magpie marmot marten mole newt ocelot osprey otter owl panda puffin quail raven robin seal stork swan swift tapir tern toad turtle viper vole walrus wombat wren yak zebra'.split(
    ' ',
  )

export interface SuggestNameOptions {
  /** Names in use, which are not suggested. */
  taken?: ReadonlySet<string>
  /** 0 ≤ x < 1, as Math.random. */
  random?: () => number
}

/** A new name such as `debian-quiet-otter`: a DNS label that is not taken. The prefix is made one first. */
export function suggestName(
  prefix: string,
  { taken = new Set(), random = Math.random }: SuggestNameOptions = {},
): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? 'new'
  const start = toDnsLabel(prefix).slice(0, 32).replace(/-+$/, '') || 'machine'
  for (let attempt = 0; attempt < 20; attempt++) {
    const name = `${start}-${pick(adjectives)}-${pick(animals)}`
    if (!taken.has(name)) return name
  }
  for (let number = 2; ; number++) {
    const name = `${start}-${number}`
    if (!taken.has(name)) return name
  }
}
