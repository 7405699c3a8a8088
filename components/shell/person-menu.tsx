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
import { useRouter } from 'next/navigation'
import { type MouseEvent, type Ref, useState } from 'react'
import type { SignOutResult } from '@/contract/people'
import { useT } from '../i18n/use-t'
import { ApiFailure, createCaller } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { useSession } from '../kube/session'
import { toast } from '../ui/toast'
import { paths } from './paths'
import { PreferenceGroups } from './preferences'
import styles from './shell.module.css'

/** Who is signed in, the preferences where the masthead has no room for them, and the way out. */
export function PersonMenu() {
  const t = useT()
  const { user, groups, csrfToken, version, administrator } = useSession()
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const linkTo = (href: string) => ({
    to: href,
    onClick: (event: MouseEvent) => {
      // With Ctrl and the like the browser opens the link as it wants.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      router.push(href)
    },
  })
  const signOut = async () => {
    try {
      // Whose session has ended already is out; nobody needs to sign in for that.
      const call = createCaller('', { csrfToken, onSignedOut: () => undefined })
      // Our own gateway, agreed in contract/people.ts; older ones answer with nothing.
      const answer = (await call('POST', '/auth/logout')) as SignOutResult | undefined
      window.location.assign(answer?.redirect ?? paths.signIn())
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause
      if (cause.code === 401) window.location.assign(paths.signIn())
      else toast({ variant: 'danger', title: t('shell.signOutFailed'), body: failureSentence(cause, t) })
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
        <DropdownItem {...linkTo(paths.profile())}>{t('shell.profile')}</DropdownItem>
        <DropdownItem {...linkTo(paths.connections())}>{t('connection.list.title')}</DropdownItem>
        {administrator && <DropdownItem {...linkTo(paths.users())}>{t('shell.users')}</DropdownItem>}
      </DropdownList>
      <Divider />
      <DropdownList>
        <DropdownItem onClick={() => void signOut()}>{t('shell.signOut')}</DropdownItem>
        <DropdownItem isAriaDisabled>{t('shell.version', { version })}</DropdownItem>
      </DropdownList>
    </Dropdown>
  )
}
