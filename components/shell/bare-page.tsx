'use client'

import type { ReactNode } from 'react'
import styles from './bare-page.module.css'

/** A page without masthead and navigation: before one is signed in, or when there is nowhere to go. */
export function BarePage({ children }: { children: ReactNode }) {
  return (
    <main className={styles['page']}>
      <div className={styles['middle']}>{children}</div>
    </main>
  )
}
