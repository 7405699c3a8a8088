/** Reads the protobuf wire format (protobuf.dev, "Encoding"). */

export type WireValue = { type: 'varint'; value: bigint } | { type: 'bytes'; value: Buffer } | { type: 'other' }

export interface WireField {
  number: number
  value: WireValue
}

/** The bytes are no protobuf message. */
export class WireError extends Error {
  constructor() {
    super('proto: the message is malformed')
    this.name = 'WireError'
  }
}

/** The fields of a message in their order. Throws a WireError. */
export function readFields(message: Buffer): WireField[] {
  const fields: WireField[] = []
  let offset = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[offset++]
      if (byte === undefined) throw new WireError()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new WireError()
  }
  const take = (length: number): Buffer => {
    if (offset + length > message.length) throw new WireError()
    offset += length
    return message.subarray(offset - length, offset)
  }
  while (offset < message.length) {
    const tag = Number(varint())
    const number = tag >> 3
    switch (tag & 7) {
      case 0:
        fields.push({ number, value: { type: 'varint', value: BigInt.asIntN(64, varint()) } })
        break
      case 1:
        take(8)
        fields.push({ number, value: { type: 'other' } })
        break
      case 2:
        fields.push({ number, value: { type: 'bytes', value: take(Number(varint())) } })
        break
      case 5:
        take(4)
        fields.push({ number, value: { type: 'other' } })
        break
      default:
        throw new WireError()
    }
  }
  return fields
}
