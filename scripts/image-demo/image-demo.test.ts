import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DemoGuest, type GuestOptions } from './demo-guest'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

function readYaml(text: string): string[] {
  const awk = ['-f', here('./guest/root/usr/lib/chiave/yaml.awk')]
  return execFileSync('awk', awk, { input: text, encoding: 'utf8' }).split('\n').filter(Boolean)
}

describe.skipIf(!has('awk'))('the guest reads cloud-config (needs awk)', () => {
  test.each([
    [
      'plain and quoted scalars',
      "a: b # c\nb: \"x: #\\ty\"\nc: 'it''s'\nd:\n",
      ['a\tb', 'b\tx: #\\ty', "c\tit's", 'd\t'],
    ],
    ['mappings in mappings', 'chpasswd:\n  expire: false\nx: 1\n', ['chpasswd.expire\tfalse', 'x\t1']],
    ['flow mappings and lists', 'a: {b: false, "c": [1, "2, 3"]}\n', ['a.b\tfalse', 'a.c.0\t1', 'a.c.1\t2, 3']],
    ['lists, indented or not', 'a:\n- x\n- y\nb:\n  - z\n', ['a.0\tx', 'a.1\ty', 'b.0\tz']],
    [
      'lists of mappings',
      'users:\n  - default\n  - name: bob\n    groups: [wheel]\n',
      ['users.0\tdefault', 'users.1.name\tbob', 'users.1.groups.0\twheel'],
    ],
    ['lists in lists', 'r:\n  - [ls, -l]\n  -\n    - a\n', ['r.0.0\tls', 'r.0.1\t-l', 'r.1.0\ta']],
    [
      'texts of several lines',
      'a: |\n  x\n    y\n\n  z\\n\nb: >-\n  one\n  two\n',
      ['a\tx\\n  y\\n\\nz\\\\n\\n', 'b\tone two'],
    ],
    ['JSON', '{"a": {"b": ["c"]},\n "d": null}\n', ['a.b.0\tc', 'd\t']],
    ['keys of SSH', 'k:\n  - ssh-ed25519 AAAA+/= anna@host # laptop\n', ['k.0\tssh-ed25519 AAAA+/= anna@host']],
  ])('%s', (_shape, text, lines) => {
    expect(readYaml(`#cloud-config\n${text}`)).toEqual(lines)
  })
})

const image = process.env['CHIAVE_DEMO_IMAGE'] ?? here('../../.cache/chiave-demo.qcow2')
const missing = ['qemu-system-x86_64', 'genisoimage', 'apt-get', 'mcopy', 'mke2fs'].filter((program) => !has(program))

describe.skipIf(missing.length > 0)(`the demo image boots (missing here: ${missing.join(', ') || 'nothing'})`, () => {
  vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 })
  let guest: DemoGuest | undefined

  beforeAll(() => {
    if (!existsSync(image)) execFileSync(process.execPath, [here('./build.mjs'), '--out', image], { stdio: 'inherit' })
  })
  afterEach(() => guest?.end())

  const start = async (options: Omit<GuestOptions, 'image'>) => {
    guest = new DemoGuest({ image, ...options })
    await guest.open()
    return guest
  }

  test('with virtio: the user of cloud-config logs in at the serial console, and the power button ends it in order', async () => {
    const machine = await start({
      disk: 'virtio',
      network: 'virtio-net-pci',
      userData: [
        '#cloud-config',
        'hostname: testvm',
        'user: anna',
        'password: "pass: #word"',
        'chpasswd: {expire: false}',
        'ssh_authorized_keys: [ssh-ed25519 AAAAC3Nz anna]',
        'runcmd:',
        '  - echo "it\'s $(hostname)" > /run/first',
        '  - [sh, -c, "echo $0 > /run/second", "a b"]',
      ].join('\n'),
    })
    await machine.expect('testvm login: ', 200_000)
    machine.type('anna')
    await machine.expect('Password: ', 30_000)
    machine.type('pass: #word')
    await machine.expect('anna@testvm', 30_000)
    expect(await machine.run('cat ~/.ssh/authorized_keys')).toBe('ssh-ed25519 AAAAC3Nz anna\n')
    expect(await machine.run('sudo id -u')).toBe('0\n')
    const wait = (file: string) => `for i in $(seq 60); do [ -s ${file} ] && break; sleep 1; done; cat ${file}`
    expect(await machine.run(wait('/run/first'))).toBe("it's testvm\n")
    expect(await machine.run(wait('/run/second'))).toBe('a b\n')
    expect(await machine.run('ip -4 addr show eth0')).toContain('10.0.2.15/24')
    expect(await machine.run('sudo grep chiave: /etc/shadow')).toMatch(/^chiave:!:/)
    // Grown from what the image is to what the disk is.
    expect(Number(await machine.run("df -m / | awk 'END { print $2 }'"))).toBeGreaterThan(400)
    await machine.pressPowerButton()
    expect(await machine.ended).toBe(0)
  })

  test('with SATA, a CD-ROM seed and an e1000e card', async () => {
    const machine = await start({
      disk: 'sata',
      network: 'e1000e',
      userData: '#cloud-config\nfqdn: sata.example.org\npassword: pw\nchpasswd:\n  expire: false\n',
    })
    await machine.expect('sata login: ', 250_000)
    machine.type('chiave')
    await machine.expect('Password: ', 30_000)
    machine.type('pw')
    await machine.expect('chiave@sata', 30_000)
    expect(
      await machine.run('for i in $(seq 60); do [ -s /run/resolv.conf ] && break; sleep 1; done; ip -4 addr'),
    ).toContain('10.0.2.15/24')
  })
})
