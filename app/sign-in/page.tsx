import { SignInPage } from '@/components/sign-in/sign-in-page'

export default async function SignInRoute({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | string[] | undefined>>
}) {
  const { error, reason, next } = await searchParams
  return <SignInPage error={one(error)} reason={one(reason)} next={one(next)} />
}

const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)
