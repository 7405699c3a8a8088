import '@patternfly/react-core/dist/styles/base.css'
import './base.css'
import type { Metadata, Viewport } from 'next'
import { cookies, headers } from 'next/headers'
import type { ReactNode } from 'react'
import { chooseLanguage, languageCookie } from '@/components/i18n/language'
import { Providers } from '@/components/shell/providers'
import { darkClass, isTheme, themeCookie, themeScript } from '@/components/shell/theme'

// Every answer carries its own nonce, so no page may be made beforehand.
export const dynamic = 'force-dynamic'

export const metadata: Metadata = { title: 'Chiave', description: 'Virtual machines, turn-key' }
export const viewport: Viewport = { colorScheme: 'light dark' }

export default async function RootLayout({ children }: { children: ReactNode }) {
  const [chosen, asked] = await Promise.all([cookies(), headers()])
  const language = chooseLanguage(chosen.get(languageCookie)?.value, asked.get('accept-language'))
  const cookie = chosen.get(themeCookie)?.value
  const theme = isTheme(cookie) ? cookie : 'system'
  const nonce = /'nonce-([^']+)'/.exec(asked.get('content-security-policy') ?? '')?.[1]
  return (
    // The script below adds the class before React looks at the page.
    <html lang={language} data-theme={theme} className={theme === 'dark' ? darkClass : ''} suppressHydrationWarning>
      <head>
        {/* Browsers hide the nonce from scripts, which React would take for a difference. */}
        <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: themeScript }} />
      </head>
      <body>
        <Providers language={language}>{children}</Providers>
      </body>
    </html>
  )
}
