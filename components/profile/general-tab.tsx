'use client'

import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  Form,
  FormSelect,
  FormSelectOption,
  Label,
  LabelGroup,
} from '@patternfly/react-core'
import { FormField } from '../forms/form-field'
import { useT } from '../i18n/use-t'
import { useSession } from '../kube/session'
import { type Choice, useLanguagePreference, useThemeChoice } from '../shell/preferences'
import { Fact } from '../ui/fact'
import { TimeAgo } from '../ui/time-ago'
import styles from './profile.module.css'

/** Who one is here, and how the console should look and speak. */
export function GeneralTab() {
  const t = useT()
  const { user, groups, source, administrator, expiresAt } = useSession()
  return (
    <div className={styles['cards']}>
      <Card>
        <CardTitle component="h2">{t('profile.person.title')}</CardTitle>
        <CardBody>
          <DescriptionList isHorizontal horizontalTermWidthModifier={{ default: '10rem' }} isFluid>
            <Fact term={t('profile.person.name')}>{user}</Fact>
            <Fact term={t('profile.person.groups')}>
              {groups.length === 0 ? (
                '–'
              ) : (
                <LabelGroup
                  numLabels={8}
                  aria-label={t('profile.person.groups')}
                  collapsedText={t('profile.person.more', { count: groups.length - 8 })}
                  expandedText={t('profile.person.fewer')}
                >
                  {groups.map((group) => (
                    <Label key={group} variant="outline" isCompact>
                      {group}
                    </Label>
                  ))}
                </LabelGroup>
              )}
            </Fact>
            <Fact term={t('profile.person.source')}>{t(`profile.source.${source}`)}</Fact>
            <Fact term={t('profile.person.role')}>
              {t(administrator ? 'profile.person.administrator' : 'profile.person.plain')}
            </Fact>
            <Fact term={t('profile.person.expires')}>
              <TimeAgo at={expiresAt} />
            </Fact>
          </DescriptionList>
        </CardBody>
      </Card>
      <Preferences />
    </div>
  )
}

function Preferences() {
  const t = useT()
  const language = useLanguagePreference()
  const theme = useThemeChoice()
  return (
    <Card>
      <CardTitle component="h2">{t('profile.preferences.title')}</CardTitle>
      <CardBody>
        <Form isWidthLimited onSubmit={(event) => event.preventDefault()}>
          <FormField label={t('shell.language')} fieldId="profile-language">
            <Select
              id="profile-language"
              value={language.language}
              choices={language.choices}
              onChoose={language.choose}
            />
          </FormField>
          <FormField label={t('shell.theme.label')} fieldId="profile-theme" hint={t('profile.preferences.hint')}>
            <Select id="profile-theme" value={theme.theme} choices={theme.choices} onChoose={theme.choose} />
          </FormField>
        </Form>
      </CardBody>
    </Card>
  )
}

interface SelectProps<T extends string> {
  id: string
  value: T
  choices: readonly Choice<T>[]
  onChoose: (value: T) => void
}

function Select<T extends string>({ id, value, choices, onChoose }: SelectProps<T>) {
  return (
    <FormSelect
      id={id}
      value={value}
      aria-describedby={`${id}-help`}
      onChange={(_event, next) => {
        const choice = choices.find((candidate) => candidate.value === next)
        if (choice) onChoose(choice.value)
      }}
    >
      {choices.map((choice) => (
        <FormSelectOption key={choice.value} value={choice.value} label={choice.label} />
      ))}
    </FormSelect>
  )
}
