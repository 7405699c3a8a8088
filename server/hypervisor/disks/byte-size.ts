const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const

/** Bytes for people: `512 bytes`, `1.5 GiB`, `20 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2
  return `${Number(value.toFixed(digits))} ${units[unit]}`
}

/** Bytes rounded up to a whole MiB or GiB that may be asked for, so that an advised size is never a little too small. */
export function formatBytesUp(bytes: number): string {
  const gib = 1024 ** 3
  const step = bytes >= 10 * gib ? gib : 1024 ** 2
  const rounded = Math.ceil(bytes / step) * step
  return rounded >= gib && rounded % gib === 0 ? `${rounded / gib} GiB` : `${rounded / 1024 ** 2} MiB`
}
