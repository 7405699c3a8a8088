import type { AnyFieldApi } from '@tanstack/react-form'
import type { CreateField } from '@/contract/builders/create-virtual-machine-form'
import { catalogue, type MessageKey } from '../../i18n/catalogue'
import type { Translate } from '../../i18n/use-t'
import type { Refusal } from './use-create-form'

/** The sentence for a problem's code, such as `name.empty`. */
export function problemText(code: string, t: Translate): string {
  const [area = '', problem = ''] = code.split('.')
  const areas: Record<string, unknown> = catalogue.en.create.problem
  const group = areas[area]
  const known = typeof group === 'object' && group !== null && problem in group
  // Looked up above.
  return known ? t(`create.problem.${code}` as MessageKey) : t('create.problem.other')
}

/** The code of a field's own problem; undefined while the person has not been there yet. */
export function fieldProblem(field: AnyFieldApi): string | undefined {
  const { errors, isBlurred } = field.state.meta
  if (!isBlurred && field.form.state.submissionAttempts === 0) return undefined
  const [first]: unknown[] = errors.filter(Boolean)
  if (typeof first === 'object' && first !== null && 'message' in first) return String(first.message)
  return undefined
}

/** What is wrong with a field: by our own rules, else by what the server said, as long as the value is the refused one. */
export function fieldError(
  field: AnyFieldApi,
  { name, refusal, t }: { name: CreateField; refusal: Refusal | undefined; t: Translate },
): string | undefined {
  const code = fieldProblem(field)
  if (code !== undefined) return problemText(code, t)
  const words = refusal?.fields.get(name)
  return words !== undefined && sameValue(field.state.value, valueAt(refusal?.values, name)) ? words : undefined
}

function valueAt(values: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? Object.entries(value).find(([k]) => k === key)?.[1] : undefined,
      values,
    )
}

function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
