'use client'

import { type RefObject, useCallback, useSyncExternalStore } from 'react'
import { toast } from '../../ui/toast'

function watch(changed: () => void): () => void {
  document.addEventListener('fullscreenchange', changed)
  return () => document.removeEventListener('fullscreenchange', changed)
}

/** Shows an element over the whole screen and back; says so when the browser refuses. */
export function useFullScreen(element: RefObject<HTMLElement | null>, refusal: string) {
  const full = useSyncExternalStore(
    watch,
    () => document.fullscreenElement !== null && document.fullscreenElement === element.current,
    () => false,
  )
  const toggle = useCallback(() => {
    const change = document.fullscreenElement ? document.exitFullscreen() : element.current?.requestFullscreen()
    change?.catch((error: unknown) => toast({ variant: 'warning', title: refusal, body: String(error) }))
  }, [element, refusal])
  return { full, toggle }
}
