import type { JsonObject } from '../json'

/** Sets a field that says nothing yet; an empty text says nothing. Objects are copied. */
export function fill(target: JsonObject, field: string, wish: unknown): void {
  if (wish === undefined || wish === null || wish === '') return
  const now = Object.hasOwn(target, field) ? target[field] : undefined
  if (now !== undefined && now !== null && now !== '') return
  target[field] = structuredClone(wish)
}
