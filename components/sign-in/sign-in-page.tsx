'use client'

import { Alert, Card, CardBody, CardTitle, Content } from '@patternfly/react-core'
import { useEffect, useState } from 'react'
import { useT } from '../i18n/use-t'
import { announceSignIn, isSession, onSignInElsewhere, readSession } from '../kube/sign-in-again'
import { keepReturn, peekReturn } from '../kube/sign-in-redirect'
import { BarePage } from '../shell/bare-page'
import { Brand } from '../shell/mark'
import { paths } from '../shell/paths'
import { LanguageMenu, ThemeMenu } from '../shell/preferences'
import { explainSignOut } from './reasons'
import styles from './sign-in.module.css'
import { SignInWays } from './sign-in-ways'

export interface SignInPageProps {
  /** Why the last attempt failed: `link` for a link that is used up, too old or no link at all, or a provider's code. */
  error?: string | undefined
  /** Why there is no session any more: one of `signInReasons`. */
  reason?: string | undefined
  /** The page to come back to. */
  next?: string | undefined
}

/** The way in, with every method that this console offers. */
export function SignInPage({ error, reason, next }: SignInPageProps) {
  const t = useT()
  const [returnTo, setReturnTo] = useState(paths.home())
  useEffect(() => {
    document.title = `${t('signIn.title')} · Chiave`
  }, [t])
  useEffect(() => {
    if (next) keepReturn(next)
    // Only the browser knows where one was.
    setReturnTo(peekReturn() ?? paths.home())
  }, [next])
  const ended = useEnding(error === undefined && reason === undefined)
  useReturnWhenSignedIn()
  return (
    <BarePage>
      <Card>
        <CardTitle component="div">
          <div className={styles['head']}>
            <Brand />
            <span>
              <ThemeMenu />
              <LanguageMenu />
            </span>
          </div>
        </CardTitle>
        <CardBody>
          <div className={styles['stack']}>
            <Content component="h1">{t('signIn.title')}</Content>
            <noscript>{t('signIn.noScript')}</noscript>
            <Why error={error} reason={reason ?? ended} />
            <SignInWays
              returnTo={returnTo}
              onSignedIn={() => {
                announceSignIn()
                window.location.assign(paths.home())
              }}
            />
          </div>
        </CardBody>
      </Card>
    </BarePage>
  )
}

function Why({ error, reason }: { error: string | undefined; reason: string | undefined }) {
  const t = useT()
  const words = explainSignOut({ error, reason }, t)
  if (words === undefined) return null
  return (
    <Alert
      isInline
      variant={words.tone}
      variantLabel={t(`ui.variant.${words.tone}`)}
      component="h2"
      title={words.title}
    >
      {words.body}
    </Alert>
  )
}

/** Why the browser's last session ended, where the address does not tell: the server knows, if there was one. */
function useEnding(wanted: boolean): string | undefined {
  const [reason, setReason] = useState<string>()
  useEffect(() => {
    if (!wanted) return
    const ask = async () => {
      try {
        const found = await readSession()
        if (!isSession(found)) setReason(found.reason)
      } catch {
        // Nobody home: there is nothing to tell.
      }
    }
    void ask()
  }, [wanted])
  return reason
}

/** Links and providers often open in another tab; when one comes back to this one, it should not still ask. */
function useReturnWhenSignedIn(): void {
  useEffect(() => {
    const look = async () => {
      try {
        if (isSession(await readSession())) window.location.assign(paths.home())
      } catch {
        // Nobody home: the person will notice when they try to sign in.
      }
    }
    const visible = () => document.visibilityState === 'visible' && void look()
    const stopListening = onSignInElsewhere(() => void look())
    document.addEventListener('visibilitychange', visible)
    return () => {
      stopListening()
      document.removeEventListener('visibilitychange', visible)
    }
  }, [])
}
