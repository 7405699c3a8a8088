import type { ASTNode } from '@marcbachmann/cel-js'

/** The nodes directly below a node, macros' arguments included. */
export function childNodes(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = []
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const entry of value) collect(entry)
    else if (isNode(value)) found.push(value)
  }
  collect(node.args)
  return found
}

export function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}
