// @ts-check
import fs from 'node:fs'
import { findProgram } from './steps.mjs'

/**
 * A Debian package and how to see, without asking dpkg, that what it brings is there: on other distributions the same
 * program comes from a package of another name.
 * @typedef {object} SystemPackage
 * @property {string} name of the Debian package
 * @property {string} purpose for people
 * @property {string[]} [anyProgram] present when one of these programs is found
 * @property {string[]} [anyFile] present when one of these files exists
 * @property {boolean} required whether the command cannot go on without it
 */

/** @type {SystemPackage[]} */
const hypervisor = [
  { name: 'qemu-system-x86', purpose: 'runs the guests', anyProgram: ['qemu-system-x86_64'], required: true },
  { name: 'qemu-utils', purpose: 'reads and makes disk images', anyProgram: ['qemu-img'], required: true },
  {
    name: 'genisoimage',
    purpose: 'makes cloud-init disks',
    anyProgram: ['genisoimage', 'xorriso', 'mkisofs'],
    required: true,
  },
  { name: 'util-linux', purpose: 'limits what a guest may use', anyProgram: ['prlimit'], required: true },
  {
    name: 'ovmf',
    purpose: 'firmware for UEFI guests',
    anyFile: [
      '/usr/share/OVMF/OVMF_CODE_4M.fd',
      '/usr/share/OVMF/OVMF_CODE.fd',
      '/usr/share/edk2/ovmf/OVMF_CODE.fd',
      '/usr/share/edk2/x64/OVMF_CODE.4m.fd',
      '/usr/share/qemu/ovmf-x86_64-code.bin',
    ],
    required: false,
  },
  { name: 'iproute2', purpose: 'sets up networks', anyProgram: ['ip'], required: false },
  { name: 'nftables', purpose: 'keeps guests off this host', anyProgram: ['nft'], required: false },
  { name: 'xz-utils', purpose: 'unpacks .xz images', anyProgram: ['xz'], required: false },
  { name: 'zstd', purpose: 'unpacks .zst images', anyProgram: ['zstd'], required: false },
]

/** @type {SystemPackage[]} */
const compiler = [
  { name: 'python3', purpose: 'builds the database module', anyProgram: ['python3'], required: true },
  { name: 'make', purpose: 'builds the database module', anyProgram: ['make', 'gmake'], required: true },
  { name: 'g++', purpose: 'builds the database module', anyProgram: ['g++', 'clang++', 'c++'], required: true },
]

/** @type {SystemPackage[]} */
const browser = [
  {
    name: 'chromium',
    purpose: 'runs the browser tests',
    anyProgram: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    required: true,
  },
  {
    name: 'fonts-liberation',
    purpose: 'text in the browser tests',
    anyFile: [
      '/usr/share/fonts/truetype',
      '/usr/share/fonts/opentype',
      '/usr/share/fonts/TTF',
      '/usr/share/fonts/liberation',
    ],
    required: false,
  },
  { name: 'kubernetes-client', purpose: 'kubectl for the protocol tests', anyProgram: ['kubectl'], required: false },
]

/**
 * The packages a command needs.
 * @param {{ hypervisor: boolean, compiler: boolean, demoImage: boolean, tests: boolean }} needs
 * @returns {Promise<SystemPackage[]>}
 */
export async function neededPackages(needs) {
  const packages = [
    ...(needs.hypervisor ? hypervisor : []),
    ...(needs.compiler ? compiler : []),
    ...(needs.demoImage ? await demoImagePackages() : []),
    ...(needs.tests ? browser : []),
  ]
  const names = packages.map(({ name }) => name)
  // The first entry of a name wins: it is the one that may be required.
  return packages.filter(({ name }, index) => names.indexOf(name) === index)
}

/**
 * Those of the packages that are missing.
 * @param {readonly SystemPackage[]} packages
 */
export function missingPackages(packages) {
  return packages.filter(({ anyProgram = [], anyFile = [] }) => {
    return !anyProgram.some((name) => findProgram(name)) && !anyFile.some((file) => fs.existsSync(file))
  })
}

/** Whether this host installs packages with apt. */
export function hasApt() {
  return process.platform === 'linux' && fs.existsSync('/etc/debian_version') && findProgram('apt-get') !== undefined
}

/** What to look for in place of the demo image's packages. */
const demoImagePrograms = new Map([
  ['dosfstools', 'mkfs.vfat'],
  ['e2fsprogs', 'mke2fs'],
  ['mtools', 'mcopy'],
  ['qemu-utils', 'qemu-img'],
  ['xz-utils', 'xz'],
])

/**
 * The demo guest is an offer: without what builds it, everything else works.
 * @returns {Promise<SystemPackage[]>}
 */
async function demoImagePackages() {
  const { hostPackages } = await import('../image-demo/packages.mjs')
  return hostPackages.map((name) => ({
    name,
    purpose: 'builds the demo guest',
    anyProgram: [demoImagePrograms.get(name) ?? name],
    required: false,
  }))
}
