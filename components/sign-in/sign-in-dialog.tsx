'use client'

import { Alert, AlertActionLink, Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core'
import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useState } from 'react'
import { useT } from '../i18n/use-t'
import { useSession } from '../kube/session'
import {
  announceSignIn,
  declineSignIn,
  isSession,
  onSignInElsewhere,
  readSession,
  reopenSignIn,
  signedInAgain,
  useSignInAgain,
} from '../kube/sign-in-again'
import { explainSignOut } from './reasons'
import styles from './sign-in.module.css'
import { SignInWays } from './sign-in-ways'

/** Asks to sign in again, over a page that stays as it is. */
export function SignInDialogHost() {
  const { status } = useSignInAgain()
  if (status === 'asking') return <SignInDialog />
  return status === 'declined' ? <DeclinedNotice /> : null
}

function SignInDialog() {
  const t = useT()
  const { user, source } = useSession()
  const { words, reason } = useSignInAgain()
  const { other, look } = useRenewal()
  const why = explainSignOut({ reason }, t)
  return (
    <Modal
      isOpen
      variant="small"
      aria-labelledby="sign-in-again-title"
      aria-describedby="sign-in-again-body"
      onClose={declineSignIn}
    >
      <ModalHeader
        title={t('signIn.again.title')}
        labelId="sign-in-again-title"
        description={t('signIn.again.body', { user })}
      />
      <ModalBody id="sign-in-again-body">
        <div className={styles['stack']}>
          {other === undefined ? (
            <>
              {(why ?? words) !== '' && (
                <Alert
                  isInline
                  isPlain
                  component="p"
                  variant="info"
                  variantLabel={t('ui.variant.info')}
                  title={why?.title ?? words}
                />
              )}
              <SignInWays
                user={source === 'password' ? user : undefined}
                first={source}
                onSignedIn={() => {
                  announceSignIn()
                  void look()
                }}
              />
            </>
          ) : (
            <Alert
              isInline
              component="p"
              variant="warning"
              variantLabel={t('ui.variant.warning')}
              title={t('signIn.again.other', { user, other })}
              actionLinks={
                <AlertActionLink onClick={() => window.location.reload()}>{t('signIn.again.reload')}</AlertActionLink>
              }
            >
              {t('signIn.again.otherBody', { user })}
            </Alert>
          )}
        </div>
      </ModalBody>
      <ModalFooter>
        <Button variant="link" onClick={declineSignIn}>
          {t('signIn.again.later')}
        </Button>
      </ModalFooter>
    </Modal>
  )
}

/** Looks whether there is a session again, and takes it into use when it is the same person's. */
function useRenewal(): { other: string | undefined; look: () => Promise<void> } {
  const { user } = useSession()
  const client = useQueryClient()
  const [other, setOther] = useState<string>()
  const look = useCallback(async () => {
    try {
      const found = await readSession()
      if (!isSession(found)) return
      if (found.user !== user) return setOther(found.user)
      client.setQueryData(['session'], found)
      signedInAgain(found)
      // What failed meanwhile on the page is asked again.
      await client.refetchQueries({ predicate: ({ state }) => state.status === 'error' })
    } catch {
      // The console is away for a moment: the dialog stays.
    }
  }, [client, user])
  useEffect(() => {
    const visible = () => document.visibilityState === 'visible' && void look()
    const stopListening = onSignInElsewhere(() => void look())
    document.addEventListener('visibilitychange', visible)
    window.addEventListener('focus', visible)
    return () => {
      stopListening()
      document.removeEventListener('visibilitychange', visible)
      window.removeEventListener('focus', visible)
    }
  }, [look])
  return { other, look }
}

function DeclinedNotice() {
  const t = useT()
  return (
    <div className={styles['declined']}>
      <Alert
        isInline
        component="p"
        variant="warning"
        variantLabel={t('ui.variant.warning')}
        title={t('signIn.again.declined')}
        actionLinks={<AlertActionLink onClick={reopenSignIn}>{t('signIn.again.title')}</AlertActionLink>}
      />
    </div>
  )
}
