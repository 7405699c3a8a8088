import { localGroupName } from '@/contract/people'

/** Groups as one line of text: separated by commas or spaces, each once. */
export function readGroups(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter(Boolean))]
}

/** The first word that cannot be a group's name. */
export function unfitGroup(text: string): string | undefined {
  return readGroups(text).find((group) => !localGroupName.safeParse(group).success)
}
