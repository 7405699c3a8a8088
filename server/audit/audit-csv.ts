import type { AuditEntry } from '@/contract/audit'

const columns: readonly [string, (entry: AuditEntry) => string | number | undefined][] = [
  ['time', ({ time }) => time],
  ['type', ({ type }) => type],
  ['person', ({ person }) => person],
  ['source', ({ source }) => source],
  ['address', ({ address }) => address],
  ['cluster', ({ cluster }) => cluster],
  ['verb', ({ verb }) => verb],
  ['group', ({ object }) => object?.group],
  ['resource', ({ object }) => object?.resource],
  ['namespace', ({ object }) => object?.namespace],
  ['name', ({ object }) => object?.name],
  ['subresource', ({ object }) => object?.subresource],
  ['path', ({ path }) => path],
  ['outcome', ({ outcome }) => outcome],
  ['status', ({ status }) => status],
  ['message', ({ message }) => message],
  ['phase', ({ phase }) => phase],
  ['durationMs', ({ durationMs }) => durationMs],
  ['session', ({ session }) => session],
  ['requestId', ({ requestId }) => requestId],
  ['auditId', ({ auditId }) => auditId],
  ['changes', ({ changes }) => (changes ? JSON.stringify(changes) : undefined)],
]

export const csvHead = `${columns.map(([name]) => name).join(',')}\r\n`

/** One line of CSV (RFC 4180), its end included. */
export function csvLine(entry: AuditEntry): string {
  return `${columns.map(([, read]) => csvCell(read(entry))).join(',')}\r\n`
}

/** A cell that a spreadsheet takes for text: none begins in a way that makes it a formula. */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const harmless = /^[\s]*[=+\-@|\t\r]/.test(value) ? `'${value}` : value
  return `"${harmless.replaceAll('"', '""')}"`
}
