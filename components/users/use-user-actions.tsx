'use client'

import { useRouter } from 'next/navigation'
import { type ReactNode, useState } from 'react'
import type { LocalUser, LocalUserChange } from '@/contract/people'
import { useT } from '../i18n/use-t'
import { ApiFailure } from '../kube/api'
import { failureSentence } from '../kube/errors'
import { useSession } from '../kube/session'
import { paths } from '../shell/paths'
import { confirm, type Question } from '../ui/confirm'
import type { MenuAction } from '../ui/row-menu'
import { toast } from '../ui/toast'
import { EditUser } from './edit-user'
import { ResetPassword } from './reset-password'
import { useUserCalls } from './use-users'
import { userStateOf } from './user-state'

interface OpenDialog {
  type: 'edit' | 'reset'
  user: LocalUser
}

/** What an administrator can do with a user, as a menu; `dialog` belongs into the page. */
export function useUserActions(): { actionsOf: (user: LocalUser) => MenuAction[]; dialog: ReactNode } {
  const t = useT()
  const router = useRouter()
  const session = useSession()
  const calls = useUserCalls()
  const [open, setOpen] = useState<OpenDialog>()

  const attempt = async (work: () => Promise<void>, done: string) => {
    try {
      await work()
      toast({ variant: 'success', title: done })
      return true
    } catch (cause) {
      if (!(cause instanceof ApiFailure)) throw cause
      toast({ variant: 'danger', title: t('users.failed'), body: failureSentence(cause, t) })
      return false
    }
  }
  const change = ({ name }: LocalUser, wish: LocalUserChange, done: string) =>
    attempt(() => calls.change(name, wish), done)
  const ask = async (question: Question, work: () => Promise<unknown>) => {
    if (await confirm(question)) await work()
  }

  const remove = (user: LocalUser) =>
    ask(
      {
        title: t('users.delete.title', { name: user.name }),
        body: t('users.delete.body'),
        confirmLabel: t('users.delete.do'),
        danger: true,
        typeToConfirm: user.name,
      },
      async () => {
        const gone = await attempt(() => calls.remove(user.name), t('users.delete.done', { name: user.name }))
        if (gone) router.push(paths.users())
      },
    )
  const disable = (user: LocalUser) =>
    ask(
      {
        title: t('users.disable.title', { name: user.name }),
        body: t('users.disable.body'),
        confirmLabel: t('users.disable.do'),
        danger: true,
      },
      () => change(user, { disabled: true }, t('users.disable.done', { name: user.name })),
    )
  const dropFactor = (user: LocalUser) =>
    ask(
      {
        title: t('users.dropFactor.title', { name: user.name }),
        body: t('users.dropFactor.body'),
        confirmLabel: t('users.dropFactor.do'),
        danger: true,
      },
      () => change(user, { totp: false }, t('users.dropFactor.done', { name: user.name })),
    )

  const actionsOf = (user: LocalUser): MenuAction[] => {
    // Nobody should saw off the branch they sit on.
    const own = session.source === 'password' && session.user === user.name ? t('users.own') : undefined
    const locked = userStateOf(user, Date.now()) === 'locked'
    return [
      { id: 'edit', label: t('users.edit.do'), run: () => setOpen({ type: 'edit', user }) },
      { id: 'reset', label: t('users.reset.do'), disabled: own, run: () => setOpen({ type: 'reset', user }) },
      ...(locked
        ? [
            {
              id: 'unlock',
              label: t('users.unlock.do'),
              run: () => void change(user, { unlock: true }, t('users.unlock.done', { name: user.name })),
            },
          ]
        : []),
      {
        id: 'drop-factor',
        label: t('users.dropFactor.do'),
        disabled: user.totp ? undefined : t('users.dropFactor.none'),
        run: () => void dropFactor(user),
      },
      {
        id: 'end-sessions',
        label: t('users.endSessions.do'),
        disabled: own ?? (user.sessions === 0 ? t('users.endSessions.none') : undefined),
        run: () => void change(user, { endSessions: true }, t('users.endSessions.done', { name: user.name })),
      },
      user.disabled
        ? {
            id: 'enable',
            label: t('users.enable.do'),
            separated: true,
            run: () => void change(user, { disabled: false }, t('users.enable.done', { name: user.name })),
          }
        : {
            id: 'disable',
            label: t('users.disable.do'),
            separated: true,
            disabled: own,
            run: () => void disable(user),
          },
      { id: 'delete', label: t('users.delete.do'), danger: true, disabled: own, run: () => void remove(user) },
    ]
  }

  const close = () => setOpen(undefined)
  const dialog =
    open === undefined ? null : open.type === 'edit' ? (
      <EditUser user={open.user} onClose={close} />
    ) : (
      <ResetPassword name={open.user.name} onClose={close} />
    )
  return { actionsOf, dialog }
}
