'use client'

import {
  Dropdown,
  DropdownGroup,
  DropdownItem,
  DropdownList,
  MenuToggle,
  type MenuToggleElement,
} from '@patternfly/react-core'
import { CheckIcon, LanguageIcon, MoonIcon, SunIcon } from '@patternfly/react-icons'
import { type ReactNode, type Ref, useState, useSyncExternalStore } from 'react'
import { type Language, languages } from '../i18n/language'
import { useLanguageChoice } from '../i18n/language-provider'
import { useT } from '../i18n/use-t'
import { useKeepPreference } from '../profile/use-keep-preference'
import { chooseTheme, currentTheme, onThemeChange, type Theme, themes } from './theme'

export interface Choice<T extends string> {
  value: T
  label: string
}

/** Light, dark, or as the system. */
export function ThemeMenu() {
  const t = useT()
  const { theme, choices, choose } = useThemeChoice()
  return (
    <ChoiceMenu
      label={t('shell.theme.label')}
      icon={theme === 'dark' ? <MoonIcon /> : <SunIcon />}
      value={theme}
      choices={choices}
      onChoose={choose}
    />
  )
}

/** The language of the interface. */
export function LanguageMenu() {
  const t = useT()
  const { language, choices, choose } = useLanguagePreference()
  return (
    <ChoiceMenu
      label={t('shell.language')}
      icon={<LanguageIcon />}
      value={language}
      choices={choices}
      onChoose={choose}
    />
  )
}

/** Both, as groups of another menu: for screens without room for two more buttons. */
export function PreferenceGroups() {
  const t = useT()
  const theme = useThemeChoice()
  const language = useLanguagePreference()
  return (
    <>
      <DropdownGroup label={t('shell.theme.label')}>
        <DropdownList>
          <ChoiceItems value={theme.theme} choices={theme.choices} onChoose={theme.choose} />
        </DropdownList>
      </DropdownGroup>
      <DropdownGroup label={t('shell.language')}>
        <DropdownList>
          <ChoiceItems value={language.language} choices={language.choices} onChoose={language.choose} />
        </DropdownList>
      </DropdownGroup>
    </>
  )
}

// Object.keys forgets that the record's keys are exactly the languages.
const languageChoices = (Object.keys(languages) as Language[]).map((value) => ({ value, label: languages[value] }))

/** The appearance in use, and the way to change it here and in the profile. */
export function useThemeChoice(): {
  theme: Theme
  choices: readonly Choice<Theme>[]
  choose: (theme: Theme) => void
} {
  const t = useT()
  const keep = useKeepPreference()
  const theme = useSyncExternalStore(onThemeChange, currentTheme, () => 'system' as const)
  const choose = (next: Theme) => {
    chooseTheme(next)
    keep({ theme: next })
  }
  return { theme, choices: themes.map((value) => ({ value, label: t(`shell.theme.${value}`) })), choose }
}

/** The language in use, and the way to change it here and in the profile. */
export function useLanguagePreference(): {
  language: Language
  choices: readonly Choice<Language>[]
  choose: (language: Language) => void
} {
  const keep = useKeepPreference()
  const { language, choose } = useLanguageChoice()
  return {
    language,
    choices: languageChoices,
    choose: (next) => {
      choose(next)
      keep({ language: next })
    },
  }
}

interface ChoiceMenuProps<T extends string> {
  label: string
  icon: ReactNode
  value: T
  choices: readonly Choice<T>[]
  onChoose: (value: T) => void
}

function ChoiceMenu<T extends string>({ label, icon, ...items }: ChoiceMenuProps<T>) {
  const [open, setOpen] = useState(false)
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
          variant="plain"
          aria-label={label}
          icon={icon}
          isExpanded={open}
          onClick={() => setOpen(!open)}
        />
      )}
    >
      <DropdownList>
        <ChoiceItems {...items} />
      </DropdownList>
    </Dropdown>
  )
}

function ChoiceItems<T extends string>({ value, choices, onChoose }: Omit<ChoiceMenuProps<T>, 'label' | 'icon'>) {
  return choices.map((choice) => (
    <DropdownItem
      key={choice.value}
      onClick={() => onChoose(choice.value)}
      icon={<CheckIcon style={{ visibility: choice.value === value ? 'visible' : 'hidden' }} />}
      aria-current={choice.value === value}
    >
      {choice.label}
    </DropdownItem>
  ))
}
