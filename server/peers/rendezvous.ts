import { createHash } from 'node:crypto'

/**
 * Of several candidates the one that a key belongs to: everyone who knows the same candidates chooses the same one, and
 * when one goes only its own keys move (highest random weight). `undefined` without candidates.
 */
export function chooseOwner(candidates: Iterable<string>, key: string): string | undefined {
  let best: { candidate: string; weight: string } | undefined
  for (const candidate of candidates) {
    const weight = createHash('sha256').update(`${candidate}\0${key}`).digest('hex')
    if (!best || weight > best.weight || (weight === best.weight && candidate > best.candidate)) {
      best = { candidate, weight }
    }
  }
  return best?.candidate
}
