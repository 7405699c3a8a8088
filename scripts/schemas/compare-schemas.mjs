// @ts-check
/** @typedef {import('./type-expression.mjs').Schema} Schema */

/**
 * Where two structural schemas differ, a line each: `spec.template: type is "string" instead of "object"`. Descriptions do
 * not count, nor does the order of what is a set.
 * @param {unknown} ours
 * @param {unknown} theirs
 * @param {string} [path]
 * @returns {string[]}
 */
export function differences(ours, theirs, path = '') {
  const [left, right] = [keywords(ours), keywords(theirs)]
  const found = []
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (key === 'properties') found.push(...differentFields(left[key], right[key], path))
    else if (key === 'items') found.push(...differences(left[key], right[key], `${path}[]`))
    else if (key === 'additionalProperties') found.push(...differences(left[key], right[key], `${path}{}`))
    else {
      const [mine, other] = [canonical(key, left[key]), canonical(key, right[key])]
      if (mine !== other) found.push(`${path || '(root)'}: ${key} is ${mine} instead of ${other}`)
    }
  }
  return found
}

/**
 * @param {unknown} ours
 * @param {unknown} theirs
 * @param {string} path
 * @returns {string[]}
 */
function differentFields(ours, theirs, path) {
  const [left, right] = [record(ours), record(theirs)]
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((field) => {
    const at = path === '' ? field : `${path}.${field}`
    if (!(field in left)) return [`${at}: is missing`]
    if (!(field in right)) return [`${at}: is not in the original`]
    return differences(left[field], right[field], at)
  })
}

/**
 * @param {unknown} schema
 * @returns {Schema}
 */
function keywords(schema) {
  const copy = record(schema)
  delete copy['description']
  return copy
}

/**
 * @param {unknown} value
 * @returns {Schema}
 */
function record(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

const sets = new Set(['required', 'enum', 'x-kubernetes-list-map-keys'])

/**
 * @param {string} key
 * @param {unknown} value
 * @returns {string}
 */
function canonical(key, value) {
  const ordered = sets.has(key) && Array.isArray(value) ? [...value].sort() : value
  return (
    JSON.stringify(ordered, (_name, entry) =>
      typeof entry === 'object' && entry !== null && !Array.isArray(entry)
        ? Object.fromEntries(Object.entries(entry).sort(([left], [right]) => (left < right ? -1 : 1)))
        : entry,
    ) ?? 'absent'
  )
}
