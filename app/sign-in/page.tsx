import { SignInPage } from '@/components/shell/sign-in-page'

export default async function SignInRoute({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const { error, next } = await searchParams
  return <SignInPage error={one(error)} next={one(next)} />
}

const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)
