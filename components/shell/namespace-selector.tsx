'use client'

import {
  Button,
  Divider,
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  MenuSearch,
  MenuSearchInput,
  MenuToggle,
  type MenuToggleElement,
  SearchInput,
} from '@patternfly/react-core'
import { CheckIcon, CubesIcon, TimesIcon } from '@patternfly/react-icons'
import { useRouter } from 'next/navigation'
import { type Ref, useState } from 'react'
import { NamespaceField } from '../access/namespace-field'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useNamespaces } from '../kube/use-namespaces'
import { paths } from './paths'
import styles from './shell.module.css'

/** More of them would be a list to read, not to choose from: there one types. */
const shownAtOnce = 12

/** To which namespace all lists are narrowed; who sees no list of namespaces keeps their own here. */
export function NamespaceSelector() {
  const t = useT()
  const cluster = useCluster()
  const router = useRouter()
  const { mode, names, own, chosen, choose, remove } = useNamespaces()
  const [open, setOpen] = useState(false)
  const [text, setText] = useState('')
  if (names.length === 0) return null
  const close = () => {
    setOpen(false)
    setText('')
  }
  const all = t(mode === 'all' ? 'access.namespace.all' : 'access.namespace.mine')
  const found = names.filter((name) => name.includes(text.trim().toLowerCase()))
  const items = [{ value: undefined, label: all }, ...found.slice(0, 100).map((name) => ({ value: name, label: name }))]
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={(next) => (next ? setOpen(true) : close())}
      shouldFocusToggleOnSelect
      isScrollable
      toggle={(ref: Ref<MenuToggleElement>) => (
        <MenuToggle
          ref={ref}
          variant="plainText"
          className={styles['namespaceToggle'] ?? ''}
          icon={<CubesIcon />}
          isExpanded={open}
          aria-label={`${t('access.namespace.label')}: ${chosen ?? all}`}
          onClick={() => (open ? close() : setOpen(true))}
        >
          <span className={styles['namespace']}>{chosen ?? all}</span>
        </MenuToggle>
      )}
    >
      {names.length > shownAtOnce && (
        <MenuSearch>
          <MenuSearchInput>
            <SearchInput
              aria-label={t('access.namespace.find')}
              placeholder={t('access.namespace.find')}
              value={text}
              onChange={(_event, value) => setText(value)}
              onClear={() => setText('')}
            />
          </MenuSearchInput>
        </MenuSearch>
      )}
      <DropdownGroup label={t('access.namespace.label')}>
        <DropdownList>
          {items.map(({ value, label }) => (
            <DropdownItem
              key={value ?? ''}
              icon={<CheckIcon style={{ visibility: value === chosen ? 'visible' : 'hidden' }} />}
              aria-current={value === chosen}
              onClick={() => {
                choose(value)
                close()
              }}
              {...(value !== undefined && own.includes(value)
                ? { actions: <RemoveButton name={value} onRemove={() => remove(value)} /> }
                : {})}
            >
              {label}
            </DropdownItem>
          ))}
          {found.length === 0 && <DropdownItem isDisabled>{t('access.namespace.none')}</DropdownItem>}
        </DropdownList>
      </DropdownGroup>
      <Divider />
      {mode === 'some' && (
        <div className={styles['addNamespace']}>
          <NamespaceField id="selector-namespace" onAdded={close} />
        </div>
      )}
      <DropdownList>
        <DropdownItem
          onClick={() => {
            close()
            router.push(paths.access(cluster, { namespace: chosen }))
          }}
        >
          {t('access.namespace.mayDo')}
        </DropdownItem>
      </DropdownList>
    </Dropdown>
  )
}

function RemoveButton({ name, onRemove }: { name: string; onRemove: () => void }) {
  const t = useT()
  return (
    <Button
      variant="plain"
      size="sm"
      icon={<TimesIcon />}
      aria-label={t('access.namespace.remove', { name })}
      onClick={onRemove}
    />
  )
}
