import { SignedInPage } from '@/components/sign-in/signed-in-page'

export default function SignedInRoute() {
  return <SignedInPage />
}
