const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

/** An age as kubectl prints it: two units while the first is small (`2m3s`, `47h`, `3d4h`, `1y12d`). */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < -second) return '<invalid>'
  const whole = (unit: number, within = Number.POSITIVE_INFINITY) =>
    Math.floor((Math.max(milliseconds, 0) % within) / unit)
  const two = (unit: number, name: string, [small, smallName]: [number, string]) => {
    const rest = whole(small, unit)
    return rest === 0 ? `${whole(unit)}${name}` : `${whole(unit)}${name}${rest}${smallName}`
  }
  if (milliseconds < 2 * minute) return `${whole(second)}s`
  if (milliseconds < 10 * minute) return two(minute, 'm', [second, 's'])
  if (milliseconds < 3 * hour) return `${whole(minute)}m`
  if (milliseconds < 8 * hour) return two(hour, 'h', [minute, 'm'])
  if (milliseconds < 2 * day) return `${whole(hour)}h`
  if (milliseconds < 8 * day) return two(day, 'd', [hour, 'h'])
  if (milliseconds < 2 * year) return `${whole(day)}d`
  if (milliseconds < 8 * year) return two(year, 'y', [day, 'd'])
  return `${whole(year)}y`
}

/** The age of a timestamp, `<unknown>` where there is none. */
export function ageOf(timestamp: unknown, now: Date): string {
  const time = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN
  return Number.isNaN(time) ? '<unknown>' : humanDuration(now.getTime() - time)
}
