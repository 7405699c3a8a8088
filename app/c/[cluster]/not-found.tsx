import { NotFoundPage } from '@/components/shell/trouble-pages'

export default function NotFound() {
  return <NotFoundPage />
}
