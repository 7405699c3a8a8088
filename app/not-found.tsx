import { BareNotFoundPage } from '@/components/shell/trouble-pages'

export default function NotFound() {
  return <BareNotFoundPage />
}
