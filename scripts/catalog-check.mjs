import { register } from 'tsx/esm/api'

/*
 * Asks for the head of every image and every checksum file that the shipped catalog names, where there is internet:
 *   npm run catalog:check
 * Prints a table; ends with 1 when an address leads nowhere, with 2 when none could be reached at all.
 */

register()
const { defaultImages } = await import('../contract/catalog/default-images.ts')
const { findImageChecksum } = await import('../server/hypervisor/disks/checksum-file.ts')

const TIMEOUT = 30_000
const PARALLEL = 6

const describe = (error) => error.cause?.code ?? error.cause?.message ?? error.message

async function checkImage(url) {
  const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(TIMEOUT) })
  if (!response.ok) return { ok: false, detail: String(response.status) }
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/html')) return { ok: false, detail: 'a web page' }
  const size = Number(response.headers.get('content-length'))
  return { ok: true, detail: size ? `${Math.round(size / 1024 ** 2)} MiB` : 'size not told' }
}

async function checkChecksums(url, imageUrl) {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) })
  if (!response.ok) return { ok: false, detail: String(response.status) }
  const found = findImageChecksum(await response.text(), { image: imageUrl, list: url })
  return found ? { ok: true, detail: found.algorithm } : { ok: false, detail: 'the image is not in it' }
}

function tasks() {
  return defaultImages.flatMap(({ id, files }) =>
    Object.entries(files).flatMap(([architecture, { url, checksumUrl }]) => [
      { id, architecture, what: 'image', url, check: () => checkImage(url) },
      ...(checksumUrl
        ? [{ id, architecture, what: 'checksums', url: checksumUrl, check: () => checkChecksums(checksumUrl, url) }]
        : []),
    ]),
  )
}

async function run(task) {
  try {
    return { ...task, ...(await task.check()), reached: true }
  } catch (error) {
    return { ...task, ok: false, reached: false, detail: describe(error) }
  }
}

async function runAll(pending) {
  const results = []
  const worker = async () => {
    for (let task = pending.shift(); task; task = pending.shift()) results.push(await run(task))
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return results
}

const all = tasks()
const order = new Map(all.map(({ url }, index) => [url, index]))
const results = (await runAll([...all])).sort((a, b) => order.get(a.url) - order.get(b.url))
for (const { id, architecture, what, ok, detail, url } of results)
  console.log(
    [ok ? 'ok  ' : 'FAIL', id.padEnd(22), architecture.padEnd(6), what.padEnd(10), detail.padEnd(22), url].join(' '),
  )
const failed = results.filter(({ ok }) => !ok).length
if (results.every(({ reached }) => !reached)) {
  console.log('No address could be reached: this check needs the internet.')
  process.exitCode = 2
} else {
  console.log(`${results.length - failed} addresses are fine, ${failed} are not`)
  process.exitCode = failed > 0 ? 1 : 0
}
