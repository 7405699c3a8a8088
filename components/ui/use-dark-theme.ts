'use client'

import { useSyncExternalStore } from 'react'

const darkClass = 'pf-v6-theme-dark'

function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['class'] })
  return () => observer.disconnect()
}

/** Whether the page is dark now: PatternFly's class on the document says so. */
export function useDarkTheme(): boolean {
  return useSyncExternalStore(
    watchTheme,
    () => document.documentElement.classList.contains(darkClass),
    () => false,
  )
}
