import { quantityBytes } from '@/contract/quantity'

const mebibyte = 2 ** 20

/** A disk's size in bytes for a storage request: whole MiB, rounded up; `undefined` for text that is no quantity. */
export function diskBytes(request: string | undefined): number | undefined {
  const bytes = quantityBytes(request)
  return bytes === undefined || bytes <= 0 ? undefined : Math.ceil(bytes / mebibyte) * mebibyte
}
