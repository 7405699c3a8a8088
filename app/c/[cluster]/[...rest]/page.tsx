import { notFound } from 'next/navigation'

/** Inside a cluster an unknown address keeps masthead and navigation. */
export default function UnknownPage() {
  notFound()
}
