'use client'

import {
  Divider,
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  MenuToggle,
  type MenuToggleElement,
} from '@patternfly/react-core'
import { UserIcon } from '@patternfly/react-icons'
import { type Ref, useState } from 'react'
import { csrfHeader } from '@/contract/session'
import { useT } from '../i18n/use-t'
import { useSession } from '../kube/session'
import { toast } from '../ui/toast'
import { paths } from './paths'
import { PreferenceGroups } from './preferences'
import styles from './shell.module.css'

/** Who is signed in, the preferences where the masthead has no room for them, and the way out. */
export function PersonMenu() {
  const t = useT()
  const { user, groups, csrfToken, version } = useSession()
  const [open, setOpen] = useState(false)
  const signOut = async () => {
    try {
      const answer = await fetch('/auth/logout', {
        method: 'POST',
        headers: { [csrfHeader]: csrfToken },
        credentials: 'same-origin',
      })
      if (!answer.ok && answer.status !== 401) throw new Error(`the console answered ${answer.status}`)
      window.location.assign(paths.signIn())
    } catch (cause) {
      toast({ variant: 'danger', title: t('shell.signOutFailed'), body: cause instanceof Error ? cause.message : '' })
    }
  }
  return (
    <Dropdown
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={() => setOpen(false)}
      shouldFocusToggleOnSelect
      popperProps={{ position: 'right' }}
      toggle={(ref: Ref<MenuToggleElement>) => (
        <MenuToggle
          ref={ref}
          icon={<UserIcon />}
          aria-label={t('shell.person', { user })}
          isExpanded={open}
          onClick={() => setOpen(!open)}
        >
          <span className={styles['wideOnly']}>{user}</span>
        </MenuToggle>
      )}
    >
      <DropdownGroup label={t('shell.signedInAs')}>
        <DropdownList>
          <DropdownItem isAriaDisabled description={groups.join(', ')}>
            {user}
          </DropdownItem>
        </DropdownList>
      </DropdownGroup>
      <div className={styles['narrowOnly']}>
        <Divider />
        {open && <PreferenceGroups />}
      </div>
      <Divider />
      <DropdownList>
        <DropdownItem onClick={() => void signOut()}>{t('shell.signOut')}</DropdownItem>
        <DropdownItem isAriaDisabled>{t('shell.version', { version })}</DropdownItem>
      </DropdownList>
    </Dropdown>
  )
}
