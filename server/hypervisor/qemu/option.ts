export type OptionValue = string | number | boolean | undefined

/**
 * One QEMU option argument, `head,key=value,…`: commas in values are doubled, which is QEMU's only escape; undefined
 * values are left out and booleans become on/off.
 */
export function option(head: string, values: Record<string, OptionValue>): string {
  const parts = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'boolean' ? (value ? 'on' : 'off') : escapeComma(String(value))}`)
  return [head, ...parts].filter((part) => part !== '').join(',')
}

export function escapeComma(value: string): string {
  return value.replaceAll(',', ',,')
}
