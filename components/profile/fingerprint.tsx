'use client'

import { useQuery } from '@tanstack/react-query'
import { readSshPublicKey } from '@/contract/cloud-init/ssh-public-key'
import styles from './profile.module.css'
import { sshFingerprint } from './ssh-fingerprint'

/** A key's fingerprint; where it cannot be computed, the end of the key itself. */
export function Fingerprint({ of }: { of: string }) {
  const { data } = useQuery({
    queryKey: ['ssh-fingerprint', of],
    staleTime: Infinity,
    queryFn: async () => (await sshFingerprint(of)) ?? endOf(of),
  })
  return <span className={styles['code']}>{data ?? '…'}</span>
}

function endOf(key: string): string {
  const read = readSshPublicKey(key)
  return typeof read === 'string' ? '–' : `…${read.blob.slice(-24)}`
}
