import { type CatalogImage, catalogImageSchema } from './catalog-image'

const ubuntu = 'https://cloud-images.ubuntu.com'
const debian = 'https://cloud.debian.org/images/cloud'
const suse = 'https://download.opensuse.org'

/** The same file name pattern for both architectures, with one checksum file each. */
function both(
  url: (arch: { kube: string; uname: string }) => string,
  checksumUrl?: (arch: { kube: string; uname: string }) => string,
) {
  const architectures = [
    { kube: 'amd64', uname: 'x86_64' },
    { kube: 'arm64', uname: 'aarch64' },
  ]
  return Object.fromEntries(
    architectures.map((arch) => [
      arch.kube,
      { url: url(arch), ...(checksumUrl ? { checksumUrl: checksumUrl(arch) } : {}) },
    ]),
  )
}

function debianImage(version: string, codename: string) {
  return {
    id: `debian-${version}`,
    name: `Debian ${version}`,
    description: `Debian ${version} “${codename}”, the generic cloud image.`,
    descriptions: { it: `Debian ${version} “${codename}”, l'immagine cloud generica.` },
    osFamily: 'debian',
    files: both(
      ({ kube }) => `${debian}/${codename}/latest/debian-${version}-generic-${kube}.qcow2`,
      () => `${debian}/${codename}/latest/SHA512SUMS`,
    ),
    defaultUser: 'debian',
    minimumDisk: '10Gi',
    homepage: 'https://www.debian.org/',
  }
}

function ubuntuImage(version: string, codename: string) {
  return {
    id: `ubuntu-${version.replace('.', '-')}`,
    name: `Ubuntu ${version} LTS`,
    description: `Ubuntu Server ${version} with long-term support.`,
    descriptions: { it: `Ubuntu Server ${version} con supporto a lungo termine.` },
    osFamily: 'ubuntu',
    files: both(
      ({ kube }) => `${ubuntu}/${codename}/current/${codename}-server-cloudimg-${kube}.img`,
      () => `${ubuntu}/${codename}/current/SHA256SUMS`,
    ),
    defaultUser: 'ubuntu',
    minimumMemory: '1Gi',
    homepage: 'https://ubuntu.com/server',
  }
}

function centosImage(version: string) {
  const root = (uname: string) => `https://cloud.centos.org/centos/${version}-stream/${uname}/images`
  const name = (uname: string) => `CentOS-Stream-GenericCloud-${version}-latest.${uname}.qcow2`
  return {
    id: `centos-stream-${version}`,
    name: `CentOS Stream ${version}`,
    description: 'Where Red Hat Enterprise Linux is developed in the open.',
    descriptions: { it: 'Dove Red Hat Enterprise Linux è sviluppato in pubblico.' },
    osFamily: 'centos',
    files: both(
      ({ uname }) => `${root(uname)}/${name(uname)}`,
      ({ uname }) => `${root(uname)}/${name(uname)}.SHA256SUM`,
    ),
    defaultUser: 'cloud-user',
    minimumMemory: '1536Mi',
    homepage: 'https://www.centos.org/centos-stream/',
  }
}

function almaImage(version: string) {
  const root = (uname: string) => `https://repo.almalinux.org/almalinux/${version}/cloud/${uname}/images`
  return {
    id: `almalinux-${version}`,
    name: `AlmaLinux ${version}`,
    description: 'A community rebuild of Red Hat Enterprise Linux.',
    descriptions: { it: 'Una ricostruzione comunitaria di Red Hat Enterprise Linux.' },
    osFamily: 'rhel',
    files: both(
      ({ uname }) => `${root(uname)}/AlmaLinux-${version}-GenericCloud-latest.${uname}.qcow2`,
      ({ uname }) => `${root(uname)}/CHECKSUM`,
    ),
    defaultUser: 'almalinux',
    minimumMemory: '1536Mi',
    homepage: 'https://almalinux.org/',
  }
}

function rockyImage(version: string) {
  const file = (uname: string) =>
    `https://dl.rockylinux.org/pub/rocky/${version}/images/${uname}/Rocky-${version}-GenericCloud-Base.latest.${uname}.qcow2`
  return {
    id: `rocky-${version}`,
    name: `Rocky Linux ${version}`,
    description: 'A community rebuild of Red Hat Enterprise Linux.',
    descriptions: { it: 'Una ricostruzione comunitaria di Red Hat Enterprise Linux.' },
    osFamily: 'rhel',
    files: both(
      ({ uname }) => file(uname),
      ({ uname }) => `${file(uname)}.CHECKSUM`,
    ),
    defaultUser: 'rocky',
    minimumMemory: '1536Mi',
    homepage: 'https://rockylinux.org/',
  }
}

const leap = `${suse}/distribution/leap/15.6/appliances`
const tumbleweed = `${suse}/tumbleweed/appliances`
const alpine = 'https://dl-cdn.alpinelinux.org/alpine/v3.22/releases/cloud'
const fedora = 'https://download.fedoraproject.org/pub/fedora/linux/releases/42/Cloud'

const others = [
  {
    id: 'fedora-42',
    name: 'Fedora Cloud 42',
    description: 'What is new in Linux, first.',
    descriptions: { it: 'Le novità di Linux, per primi.' },
    osFamily: 'fedora',
    files: both(
      ({ uname }) => `${fedora}/${uname}/images/Fedora-Cloud-Base-Generic-42-1.1.${uname}.qcow2`,
      ({ uname }) => `${fedora}/${uname}/images/Fedora-Cloud-42-1.1-${uname}-CHECKSUM`,
    ),
    defaultUser: 'fedora',
    minimumMemory: '1Gi',
    homepage: 'https://fedoraproject.org/cloud/',
    notes: 'Fedora has no address that always names its newest release; change the address when a new one is out.',
  },
  {
    id: 'opensuse-leap',
    name: 'openSUSE Leap 15.6',
    description: 'The stable openSUSE.',
    descriptions: { it: 'openSUSE, la versione stabile.' },
    osFamily: 'opensuse',
    files: both(
      ({ uname }) => `${leap}/openSUSE-Leap-15.6-Minimal-VM.${uname}-Cloud.qcow2`,
      ({ uname }) => `${leap}/openSUSE-Leap-15.6-Minimal-VM.${uname}-Cloud.qcow2.sha256`,
    ),
    defaultUser: 'opensuse',
    minimumMemory: '1Gi',
    homepage: 'https://www.opensuse.org/',
  },
  {
    id: 'opensuse-tumbleweed',
    name: 'openSUSE Tumbleweed',
    description: 'The rolling openSUSE.',
    descriptions: { it: 'openSUSE in aggiornamento continuo.' },
    osFamily: 'opensuse',
    files: {
      amd64: {
        url: `${tumbleweed}/openSUSE-Tumbleweed-Minimal-VM.x86_64-Cloud.qcow2`,
        checksumUrl: `${tumbleweed}/openSUSE-Tumbleweed-Minimal-VM.x86_64-Cloud.qcow2.sha256`,
      },
    },
    defaultUser: 'opensuse',
    minimumMemory: '1Gi',
    homepage: 'https://www.opensuse.org/',
  },
  {
    id: 'opensuse-microos',
    name: 'openSUSE MicroOS',
    description: 'An immutable system for containers, with updates that roll back.',
    descriptions: { it: 'Un sistema immutabile per container, con aggiornamenti reversibili.' },
    osFamily: 'opensuse',
    files: {
      amd64: {
        url: `${tumbleweed}/openSUSE-MicroOS.x86_64-OpenStack-Cloud.qcow2`,
        checksumUrl: `${tumbleweed}/openSUSE-MicroOS.x86_64-OpenStack-Cloud.qcow2.sha256`,
      },
    },
    defaultUser: 'opensuse',
    minimumMemory: '1Gi',
    minimumDisk: '20Gi',
    homepage: 'https://microos.opensuse.org/',
  },
  {
    id: 'alpine-3-22',
    name: 'Alpine Linux 3.22',
    description: 'Small, simple, secure.',
    descriptions: { it: 'Piccolo, semplice, sicuro.' },
    osFamily: 'alpine',
    files: both(
      ({ uname }) =>
        `${alpine}/nocloud_alpine-3.22.0-${uname}-${uname === 'aarch64' ? 'uefi' : 'bios'}-cloudinit-r0.qcow2`,
      ({ uname }) =>
        `${alpine}/nocloud_alpine-3.22.0-${uname}-${uname === 'aarch64' ? 'uefi' : 'bios'}-cloudinit-r0.qcow2.sha512`,
    ),
    defaultUser: 'alpine',
    minimumMemory: '256Mi',
    minimumDisk: '2Gi',
    homepage: 'https://alpinelinux.org/cloud/',
    notes: 'The address names one release; change it when a new one is out.',
  },
  {
    id: 'cirros',
    name: 'CirrOS 0.6',
    description: 'A tiny Linux for tests of clouds.',
    descriptions: { it: 'Un Linux minuscolo per provare i cloud.' },
    osFamily: 'cirros',
    files: both(
      ({ uname }) => `https://download.cirros-cloud.net/0.6.3/cirros-0.6.3-${uname}-disk.img`,
      () => 'https://download.cirros-cloud.net/0.6.3/MD5SUMS',
    ),
    defaultUser: 'cirros',
    minimumMemory: '256Mi',
    minimumDisk: '1Gi',
    homepage: 'https://github.com/cirros-dev/cirros',
  },
  {
    id: 'flatcar',
    name: 'Flatcar Container Linux',
    description: 'An immutable Linux made for containers, configured by Ignition.',
    descriptions: { it: 'Un Linux immutabile fatto per i container, configurato con Ignition.' },
    osFamily: 'flatcar',
    files: both(
      ({ kube }) => `https://stable.release.flatcar-linux.net/${kube}-usr/current/flatcar_production_qemu_image.img`,
      ({ kube }) =>
        `https://stable.release.flatcar-linux.net/${kube}-usr/current/flatcar_production_qemu_image.img.DIGESTS`,
    ),
    defaultUser: 'core',
    seed: 'ignition',
    minimumMemory: '1Gi',
    minimumDisk: '12Gi',
    homepage: 'https://www.flatcar.org/',
  },
  {
    id: 'fedora-coreos',
    name: 'Fedora CoreOS',
    description: 'An automatically updating, minimal system for containers, configured by Ignition.',
    descriptions: { it: 'Un sistema minimo per container che si aggiorna da sé, configurato con Ignition.' },
    osFamily: 'fedora',
    files: {
      amd64: {
        url: 'https://builds.coreos.fedoraproject.org/prod/streams/stable/builds/42.20250609.3.0/x86_64/fedora-coreos-42.20250609.3.0-qemu.x86_64.qcow2.xz',
      },
    },
    defaultUser: 'core',
    seed: 'ignition',
    minimumMemory: '1Gi',
    homepage: 'https://fedoraproject.org/coreos/',
    notes:
      'The publisher names each build in its address and lists the newest in a stream file; change the address when a new one is out.',
  },
]

/** The images that Chiave offers everywhere; nothing of them is fetched until a person makes a machine of one. */
export const defaultImages: readonly CatalogImage[] = [
  debianImage('13', 'trixie'),
  debianImage('12', 'bookworm'),
  ubuntuImage('26.04', 'resolute'),
  ubuntuImage('24.04', 'noble'),
  ubuntuImage('22.04', 'jammy'),
  centosImage('10'),
  centosImage('9'),
  almaImage('10'),
  almaImage('9'),
  rockyImage('10'),
  rockyImage('9'),
  ...others,
].map((image) => catalogImageSchema.parse(image))
