import type { SignInMethod, SignInSource } from '@/contract/people'

export type FormWay = 'password' | 'token' | 'link'

export interface ArrangedWays {
  /** The form that is in sight. */
  open: FormWay | undefined
  buttons: Extract<SignInMethod, { type: 'oidc' | 'proxy' }>[]
  folded: FormWay[]
}

/**
 * What is in sight and what is folded away: the way that the person took before, else the password, else, where no button
 * leads in, whatever there is.
 */
export function arrangeWays(methods: readonly SignInMethod[], first: SignInSource | undefined): ArrangedWays {
  const buttons = methods.filter((method) => method.type === 'oidc' || method.type === 'proxy')
  const offered = methods.map(({ type }) => type)
  const forms = (['password', 'link', 'token'] as const).filter((type) => offered.includes(type))
  const before = forms.find((type) => type === first)
  const usual = forms.find((type) => type === 'password') ?? (buttons.length === 0 ? forms[0] : undefined)
  const byButton = (first === 'oidc' || first === 'proxy') && buttons.length > 0
  const open = byButton ? undefined : (before ?? usual)
  return { open, buttons, folded: forms.filter((type) => type !== open) }
}
