'use client'

import { Modal, ModalBody, ModalHeader, SearchInput } from '@patternfly/react-core'
import { DesktopIcon, PlusCircleIcon } from '@patternfly/react-icons'
import { useRouter } from 'next/navigation'
import { type ComponentType, type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { virtualMachineKind } from '@/contract/kinds/virtual-machine'
import type { KubeObject } from '@/contract/kube-object'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useList } from '../kube/use-list'
import styles from './command-palette.module.css'
import { pages } from './navigation'
import { findEntries } from './palette-search'
import { paths } from './paths'

interface Entry {
  id: string
  title: string
  /** A second line: where it is. */
  place: string
  href: string
  icon: ComponentType
}

const most = 12

/** Goes anywhere by name: pages, machines, creating one. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
  const t = useT()
  const router = useRouter()
  const entries = useEntries()
  const [text, setText] = useState('')
  const [active, setActive] = useState(0)
  const list = useRef<HTMLUListElement>(null)
  const found = useMemo(() => findEntries(entries, text).slice(0, most), [entries, text])
  const chosen = Math.min(active, found.length - 1)

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [chosen])

  const go = (entry: Entry | undefined) => {
    if (entry === undefined) return
    onClose()
    router.push(entry.href)
  }
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Enter') go(found[chosen])
    else if (step !== undefined) setActive((chosen + step + found.length) % Math.max(1, found.length))
    else return
    event.preventDefault()
  }
  return (
    <Modal
      isOpen
      variant="small"
      position="top"
      onClose={onClose}
      aria-labelledby="palette-title"
      elementToFocus="#palette-text"
    >
      <ModalHeader labelId="palette-title" title={t('shell.palette.title')} />
      <ModalBody>
        <SearchInput
          searchInputId="palette-text"
          aria-label={t('shell.palette.label')}
          placeholder={t('shell.palette.placeholder')}
          value={text}
          onChange={(_event, value) => {
            setText(value)
            setActive(0)
          }}
          onClear={() => setText('')}
          onKeyDown={keys}
          role="combobox"
          aria-expanded={found.length > 0}
          aria-controls="palette-list"
          aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
        />
        <ul
          id="palette-list"
          role="listbox"
          aria-label={t('shell.palette.results')}
          ref={list}
          className={styles['list']}
        >
          {found.map((entry, index) => {
            const Icon = entry.icon
            return (
              <li
                key={entry.id}
                id={`palette-${index}`}
                role="option"
                aria-selected={index === chosen}
                className={styles['entry']}
                onClick={() => go(entry)}
                onMouseMove={() => setActive(index)}
              >
                <Icon />
                <span className={styles['title']}>{entry.title}</span>
                <span className={styles['place']}>{entry.place}</span>
              </li>
            )
          })}
        </ul>
        <p role="status" className={styles['none']}>
          {found.length === 0 ? t('shell.palette.none') : ''}
        </p>
      </ModalBody>
    </Modal>
  )
}

/** As people count: `web-2` before `web-10`. */
const { compare } = new Intl.Collator(undefined, { numeric: true })
const byName = (a: KubeObject, b: KubeObject) => compare(a.metadata.name, b.metadata.name)

function useEntries(): readonly Entry[] {
  const t = useT()
  const cluster = useCluster()
  const machines = useList(virtualMachineKind)
  return useMemo(
    () => [
      ...pages.map(({ id, path, icon }) => ({
        id,
        title: t(`shell.page.${id}`),
        place: t('shell.palette.page'),
        href: path(cluster),
        icon,
      })),
      {
        id: 'create',
        title: t('shell.palette.create'),
        place: t('shell.palette.action'),
        href: paths.createVirtualMachine(cluster),
        icon: PlusCircleIcon,
      },
      ...[...machines.items].sort(byName).map(({ metadata: { namespace = '', name } }) => ({
        id: `vm ${namespace}/${name}`,
        title: name,
        place: namespace,
        href: paths.virtualMachine({ cluster, namespace, name }),
        icon: DesktopIcon,
      })),
    ],
    [cluster, machines.items, t],
  )
}
