import styles from './mark.module.css'

/** The mark: a key whose bit is a rack of machines. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" className={styles['ground']} />
      <g className={styles['key']} fill="none" strokeWidth="2.6" strokeLinecap="round">
        <circle cx="11" cy="16" r="4.7" />
        <path d="M15.7 16H26" />
        <path d="M20.6 16v4.6M25.4 16v6" />
      </g>
      <circle cx="11" cy="16" r="1.2" className={styles['eye']} />
    </svg>
  )
}

/** Mark and name; `compact` leaves the name out on a phone, where the masthead has no room for it. */
export function Brand({ compact = false }: { compact?: boolean }) {
  return (
    <span className={styles['brand']}>
      <Mark />
      <span className={`${styles['name']} ${compact ? styles['roomy'] : ''}`}>Chiave</span>
    </span>
  )
}
