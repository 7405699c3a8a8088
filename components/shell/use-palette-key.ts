'use client'

import { useEffect, useState } from 'react'

/** Ctrl-K opens and closes the palette from anywhere but a guest's console, whose keys are the guest's. */
export function usePaletteKey() {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const toggle = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
      if (event.target instanceof Element && event.target.closest('[data-keyboard="guest"]')) return
      event.preventDefault()
      setOpen((was) => !was)
    }
    document.addEventListener('keydown', toggle)
    return () => document.removeEventListener('keydown', toggle)
  }, [])
  return [open, setOpen] as const
}
