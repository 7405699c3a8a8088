// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react'
import { encode } from 'uqr'
import { afterEach, expect, it } from 'vitest'
import { QrCode, qrPath } from './qr-code'

const uri = 'otpauth://totp/Chiave:ada?issuer=Chiave&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

afterEach(cleanup)

/** The modules that a path of rectangles covers. */
function drawn(path: string, size: number): boolean[][] {
  const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => false))
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g)) {
    for (let column = Number(x); column < Number(x) + Number(width); column++) {
      const row = rows[Number(y)]
      if (row) row[column] = true
    }
  }
  return rows
}

it('draws exactly the dark modules', () => {
  const { data, size } = encode(uri)
  expect(drawn(qrPath(data), size)).toEqual(data)
})

it('is a picture with a name, and asks nobody for it', () => {
  render(<QrCode text={uri} label="Picture for the app" />)
  const picture = screen.getByRole('img', { name: 'Picture for the app' })
  expect(picture.innerHTML).not.toContain('otpauth')
  expect(picture.querySelector('path')?.getAttribute('d')).toMatch(/^M/)
})
