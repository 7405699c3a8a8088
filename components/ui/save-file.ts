/** Offers the data to the person as a file of that name. */
export function saveFile(name: string, data: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(data)
  link.download = name
  link.click()
  // The download has begun by then; the address would keep the data in memory.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
