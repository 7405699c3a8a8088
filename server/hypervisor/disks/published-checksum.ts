import { fileNameOf, findImageChecksum, formatChecksum } from './checksum-file'
import { type HttpSource, openHttp } from './http-source'
import { ImportFailure } from './import-failure'
import type { HttpJob } from './import-protocol'
import { displayUrl, explainNetworkError, explainStatus } from './network-failure'

/** A checksum as the publisher lists it: `sha256:…`, and the address of the list. */
export interface PublishedChecksum {
  url: string
  value: string
}

/** Far more than any list of checksums is; everything of it is kept in memory. */
const MAX_FILE_BYTES = 1024 ** 2

const ADVICE = 'Correct the address of the checksum file, or leave it out to import without this check.'

/**
 * Reads the publisher's checksum file, by the same rules as the image, and finds the image's checksum in it by the name
 * that the image's address has, wherever that redirects to.
 * @throws ImportFailure that names the file's address; to be tried again when the network was at fault
 */
export async function fetchPublishedChecksum(job: HttpJob, checksumUrl: string): Promise<PublishedChecksum> {
  const text = await readList(checksumSource(job, checksumUrl))
  const checksum = findImageChecksum(text, { image: job.url, list: checksumUrl })
  if (checksum) return { url: checksumUrl, value: formatChecksum(checksum) }
  const name = fileNameOf(job.url)
  throw new ImportFailure(
    `The checksum file ${displayUrl(new URL(checksumUrl))} does not list ${name === '' ? 'the image' : `“${name}”`}. ${ADVICE}`,
    'never',
  )
}

/** The image's credentials go along only to where they go for the image. */
function checksumSource(job: HttpJob, checksumUrl: string): HttpSource {
  const { headers, basicAuth, caCertificates, insecureSkipVerify, limits } = job
  const image = new URL(job.url)
  const trust = {
    ...(caCertificates === undefined ? {} : { caCertificates }),
    ...(insecureSkipVerify === undefined ? {} : { insecureSkipVerify }),
  }
  const source = { url: checksumUrl, limits, ...trust }
  const list = new URL(checksumUrl)
  if (list.origin !== image.origin) return source
  if (!basicAuth && list.username === '' && list.password === '') {
    list.username = image.username
    list.password = image.password
  }
  return { ...source, url: list.href, ...(headers ? { headers } : {}), ...(basicAuth ? { basicAuth } : {}) }
}

async function readList(source: HttpSource): Promise<string> {
  try {
    return await fetchText(source)
  } catch (error) {
    if (!(error instanceof ImportFailure)) throw error
    const where = displayUrl(new URL(source.url))
    throw new ImportFailure(`The checksum file ${where} can not be read. ${error.message} ${ADVICE}`, error.retry, {
      cause: error,
    })
  }
}

async function fetchText(source: HttpSource): Promise<string> {
  const answer = await openHttp(source, {})
  try {
    const { status, url, body } = answer
    if (status !== 200) throw new ImportFailure(`${url.host} answered ${status}.`, explainStatus(status, url).retry)
    const chunks: Buffer[] = []
    let length = 0
    try {
      for await (const chunk of body) {
        // Without an encoding set, Node's HTTP bodies come in Buffers.
        chunks.push(chunk as Buffer)
        length += (chunk as Buffer).length
        if (length > MAX_FILE_BYTES)
          throw new ImportFailure('It is larger than 1 MiB, too much for a list of checksums.', 'never')
      }
    } catch (error) {
      throw explainNetworkError(error, url)
    }
    return new TextDecoder().decode(Buffer.concat(chunks))
  } finally {
    answer.body.destroy()
  }
}
