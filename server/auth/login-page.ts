/** The server's own page between a link and a session: all else that people see is in components/. */
const texts = {
  en: {
    title: 'Sign in · Chiave',
    heading: 'Sign in to Chiave',
    explanation: 'This link signs you in once.',
    button: 'Sign in',
    tooMany: 'Too many attempts. Wait a minute and open the link again.',
  },
  it: {
    title: 'Accesso · Chiave',
    heading: 'Accedi a Chiave',
    explanation: 'Questo collegamento consente un solo accesso.',
    button: 'Accedi',
    tooMany: 'Troppi tentativi. Attendi un minuto e riapri il collegamento.',
  },
} as const

type Language = keyof typeof texts

/** The first language of an Accept-Language header that we speak; English otherwise. */
export function preferredLanguage(acceptLanguage: string | undefined): Language {
  const wanted = acceptLanguage?.split(',').map((part) => part.trim().slice(0, 2).toLowerCase()) ?? []
  return wanted.find((language): language is Language => language in texts) ?? 'en'
}

/** Only what a token or nonce consists of comes through. */
const plain = (value: string) => value.replace(/[^\w-]/g, '')

/**
 * The page that a sign-in link opens. It uses the link up only by a POST, which programs that preview links do not send;
 * a page that the browser prepares in advance waits until a person looks at it.
 */
export function renderLoginPage(options: { token: string; nonce: string; language: Language }): string {
  const text = texts[options.language]
  const nonce = plain(options.nonce)
  return page(
    options,
    `<p>${text.explanation}</p>
<form method="post" action="/auth/login">
<input type="hidden" name="token" value="${plain(options.token)}">
<button type="submit" autofocus>${text.button}</button>
</form>
<script nonce="${nonce}">
const submit = () => document.forms[0].requestSubmit()
if (document.prerendering) document.addEventListener('prerenderingchange', submit, { once: true })
else submit()
</script>`,
  )
}

/** The page for someone who tried too often. */
export function renderTooManyAttempts(options: { nonce: string; language: Language }): string {
  return page(options, `<p>${texts[options.language].tooMany}</p>`)
}

function page({ nonce, language }: { nonce: string; language: Language }, body: string): string {
  const text = texts[language]
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>${text.title}</title>
<style nonce="${plain(nonce)}">
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { display: grid; place-content: center; min-height: 90vh; text-align: center }
button { font: inherit; padding: .5rem 1.5rem; border: 0; border-radius: 999px; background: #06c; color: #fff; cursor: pointer }
</style>
</head>
<body>
<main>
<h1>${text.heading}</h1>
${body}
</main>
</body>
</html>
`
}
