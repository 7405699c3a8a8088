/** How the console looks: as the person chose, or as the system does. */
export const themes = ['system', 'light', 'dark'] as const

export type Theme = (typeof themes)[number]

export const themeCookie = 'chiave-theme'
export const darkClass = 'pf-v6-theme-dark'

export function isTheme(value: string | undefined): value is Theme {
  return themes.some((theme) => theme === value)
}

/**
 * Runs before the first paint, so that nobody in the dark sees a white flash: only the browser knows what the system
 * prefers. Later changes of that preference are followed as well, as long as the person has not chosen otherwise.
 */
export const themeScript = `(() => {
  const root = document.documentElement
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const apply = () => {
    const theme = root.dataset.theme || 'system'
    root.classList.toggle('${darkClass}', theme === 'dark' || (theme === 'system' && dark.matches))
  }
  apply()
  dark.addEventListener('change', apply)
  addEventListener('chiave-theme', apply)
})()`

/** Applies a theme and keeps it for a year. */
export function chooseTheme(theme: Theme): void {
  document.cookie = `${themeCookie}=${theme}; path=/; max-age=31536000; samesite=lax`
  document.documentElement.dataset['theme'] = theme
  window.dispatchEvent(new Event('chiave-theme'))
}

/** The theme in use, for menus. */
export function currentTheme(): Theme {
  const theme = document.documentElement.dataset['theme']
  return isTheme(theme) ? theme : 'system'
}

/** Calls back when the theme changes. */
export function onThemeChange(changed: () => void): () => void {
  window.addEventListener('chiave-theme', changed)
  return () => window.removeEventListener('chiave-theme', changed)
}
