// @ts-check
import { ensureSchemas } from './generate.mjs'

/** Tests start API servers with the schemas that the build makes. */
export function setup() {
  ensureSchemas()
}
