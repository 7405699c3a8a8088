'use client'

import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'

/** A moment as "3 minutes ago", kept true while one looks; the exact time is in the tooltip. */
export function TimeAgo({ at }: { at: string | undefined | null }) {
  const { i18n } = useTranslation()
  const now = useNow()
  if (!at) return <span>–</span>
  const moment = new Date(at)
  const exact = moment.toLocaleString(i18n.language, { dateStyle: 'medium', timeStyle: 'medium' })
  return (
    <time dateTime={at} title={exact} suppressHydrationWarning>
      {timeAgo(moment.getTime() - now, i18n.language)}
    </time>
  )
}

const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]

/** `difference` in milliseconds, negative for the past. A clock that is a little ahead of ours is "now". */
export function timeAgo(difference: number, language: string): string {
  const seconds = Math.abs(difference) < 5000 ? 0 : Math.round(difference / 1000)
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1]
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.trunc(seconds / size), unit)
}

// One clock for all: a page of two hundred rows must not run two hundred timers.
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined
const watchers = new Set<() => void>()

function watchClock(changed: () => void): () => void {
  watchers.add(changed)
  if (timer === undefined) {
    now = Date.now()
    timer = setInterval(() => {
      now = Date.now()
      for (const watcher of watchers) watcher()
    }, 5000)
  }
  return () => {
    watchers.delete(changed)
    if (watchers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The current time in milliseconds, at most five seconds old. */
export function useNow(): number {
  return useSyncExternalStore(
    watchClock,
    () => now,
    () => now,
  )
}
