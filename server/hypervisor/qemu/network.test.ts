import { spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { buildInterface } from './network'

const mac = Buffer.from([2, 0, 0, 0, 0, 7])

/** A DHCPDISCOVER of the guest's card in an Ethernet frame (RFC 2131; QEMU does not look at the UDP checksum 0). */
function discover(): Buffer {
  const dhcp = Buffer.alloc(300)
  // Request, Ethernet, 6-byte addresses; transaction 0x2a; broadcast.
  dhcp.set([1, 1, 6, 0, 0, 0, 0, 0x2a, 0, 0, 0x80, 0])
  mac.copy(dhcp, 28)
  // The magic cookie, message type 1, end.
  dhcp.set([99, 130, 83, 99, 53, 1, 1, 255], 236)
  const udp = Buffer.from([0, 68, 0, 67, 0, 0, 0, 0])
  udp.writeUInt16BE(8 + dhcp.length, 4)
  const ip = Buffer.from([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255])
  ip.writeUInt16BE(28 + dhcp.length, 2)
  let sum = 0
  for (let at = 0; at < 20; at += 2) sum += ip.readUInt16BE(at)
  ip.writeUInt16BE(0xffff - ((sum & 0xffff) + (sum >>> 16)), 10)
  return Buffer.concat([Buffer.alloc(6, 0xff), mac, Buffer.from([8, 0]), ip, udp, dhcp])
}

/** Address, and options by number, of the DHCPOFFER in a frame. */
function readOffer(frame: Buffer): { address: string; options: Map<number, Buffer> } | undefined {
  const dhcp = frame.subarray(14 + 20 + 8)
  if (frame.readUInt16BE(12) !== 0x800 || dhcp.length < 240 || dhcp[7] !== 0x2a) return undefined
  const options = new Map<number, Buffer>()
  for (let at = 240; at < dhcp.length && dhcp[at] !== 255; at += 2 + (dhcp[at + 1] ?? 0))
    options.set(dhcp[at] ?? 0, dhcp.subarray(at + 2, at + 2 + (dhcp[at + 1] ?? 0)))
  return { address: [...dhcp.subarray(16, 20)].join('.'), options }
}

async function bind(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

test('a guest gets exactly its address, with the gateway, the name server and its host name', async () => {
  const [card, reserved] = [await bind(), await bind()]
  const port = reserved.address().port
  await new Promise<void>((resolve) => reserved.close(() => resolve()))
  const backend = { type: 'user', address: '10.42.200.77', hostname: 'vm-1' } as const
  const [netdev = '', network = ''] = buildInterface(
    { name: 'default', mac: '02:00:00:00:00:07', model: 'virtio', up: true, backend },
    0,
    8,
    undefined,
  )
  // The network's far end is this test instead of a card: a hub joins the two.
  const wire = `socket,id=wire,udp=127.0.0.1:${card.address().port},localaddr=127.0.0.1:${port}`
  const hub = ['hubport,id=one,hubid=0,netdev=net0', 'hubport,id=two,hubid=0,netdev=wire']
  const args = ['-machine', 'none', '-display', 'none', '-nodefaults', netdev, network, '-netdev', wire]
  const qemu = spawn('qemu-system-x86_64', [...args, ...hub.flatMap((port) => ['-netdev', port])], { stdio: 'ignore' })
  const ended = once(qemu, 'exit')
  // QEMU may not listen yet; a client repeats itself, too.
  const repeat = setInterval(() => card.send(discover(), port, '127.0.0.1'), 100)
  try {
    const offer = await new Promise<ReturnType<typeof readOffer>>((resolve, reject) => {
      card.on('message', (frame) => {
        const found = readOffer(frame)
        if (found) resolve(found)
      })
      qemu.once('exit', (code) => reject(new Error(`QEMU ended with ${code}`)))
    })
    const addressIn = (number: number) => [...(offer?.options.get(number) ?? [])].join('.')
    expect(offer?.address).toBe('10.42.200.77')
    expect(addressIn(1)).toBe('255.255.0.0')
    expect(addressIn(3)).toBe('10.42.0.1')
    expect(addressIn(6)).toBe('10.42.0.2')
    expect(offer?.options.get(12)?.toString()).toBe('vm-1')
  } finally {
    clearInterval(repeat)
    card.close()
    qemu.kill('SIGKILL')
    await ended
  }
})
