'use client'

import { Button, Divider, DropdownGroup, DropdownItem, DropdownList } from '@patternfly/react-core'
import { CheckIcon, CubesIcon, TimesIcon } from '@patternfly/react-icons'
import { useRouter } from 'next/navigation'
import { NamespaceField } from '../access/namespace-field'
import { useT } from '../i18n/use-t'
import { useCluster } from '../kube/cluster'
import { useNamespaces } from '../kube/use-namespaces'
import { SearchDropdown } from '../ui/search-dropdown'
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
  if (names.length === 0) return null
  const all = t(mode === 'all' ? 'access.namespace.all' : 'access.namespace.mine')
  return (
    <SearchDropdown
      label={`${t('access.namespace.label')}: ${chosen ?? all}`}
      icon={<CubesIcon />}
      className={styles['namespaceToggle'] ?? ''}
      shown={<span className={styles['namespace']}>{chosen ?? all}</span>}
      find={names.length > shownAtOnce ? t('access.namespace.find') : undefined}
    >
      {({ text, close }) => {
        const found = names.filter((name) => name.includes(text))
        const items = [
          { value: undefined, label: all },
          ...found.slice(0, 100).map((name) => ({ value: name, label: name })),
        ]
        return (
          <>
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
          </>
        )
      }}
    </SearchDropdown>
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
