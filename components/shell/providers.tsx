'use client'

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { Language } from '../i18n/language'
import { LanguageProvider } from '../i18n/language-provider'
import { ApiFailure } from '../kube/api'
import { ConfirmHost } from '../ui/confirm'
import { ToastHost } from '../ui/toast'

/** What every page needs, signed in or not: words, the query cache, and the hosts of toasts and questions. */
export function Providers({ language, children }: { language: Language; children: ReactNode }) {
  const [queryClient] = useState(createQueryClient)
  return (
    <LanguageProvider language={language}>
      <QueryClientProvider client={queryClient}>
        {children}
        <ToastHost />
        <ConfirmHost />
      </QueryClientProvider>
    </LanguageProvider>
  )
}

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // An answer will not change by asking again; only silence and overload are worth a second try.
        retry: (count, failure) =>
          count < 2 && failure instanceof ApiFailure && (failure.code === 0 || failure.code >= 500),
      },
    },
  })
}
