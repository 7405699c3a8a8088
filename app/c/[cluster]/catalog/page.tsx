import { CatalogPage } from '@/components/catalog/catalog-page'

export default function CatalogRoute() {
  return <CatalogPage />
}
