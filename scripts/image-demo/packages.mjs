/** Debian packages that the host needs to build the demo image; start-up installs what is missing. */
export const hostPackages = ['dosfstools', 'e2fsprogs', 'mtools', 'qemu-utils', 'xz-utils', 'zstd']

/** The programs behind `hostPackages`, to say what is missing. */
export const hostPrograms = [
  'apt-get',
  'apt-cache',
  'dpkg-deb',
  'tar',
  'mkfs.vfat',
  'mke2fs',
  'debugfs',
  'mcopy',
  'mmd',
  'qemu-img',
]

/**
 * The kernels to choose from; each is a package that depends on the present one. `generic` knows every disk bus and
 * network card that a machine may be given; `cloud` knows virtio alone and boots some two seconds sooner in emulation.
 */
export const kernels = {
  generic: ['linux-image-amd64', 'linux-image-generic'],
  cloud: ['linux-image-cloud-amd64', 'linux-image-virtual'],
}

/** What the image is made of beside the kernel: alternatives from newer to older names, and the files taken from each. */
export const guestPackages = [
  { names: ['busybox-static'], files: ['*/busybox'] },
  { names: ['syslinux'], files: ['./usr/bin/syslinux'] },
  { names: ['syslinux-common'], files: ['*/mbr/mbr.bin'] },
  { names: ['systemd-boot-efi'], files: ['*/systemd-bootx64.efi'] },
  { names: ['dropbear-bin'], files: ['./usr/sbin/dropbear', './usr/bin/dropbearkey'] },
  { names: ['e2fsprogs'], files: ['*/sbin/resize2fs'] },
  { names: ['libc6'], files: ['*/libc.so.6', '*/ld-linux-x86-64.so.2'] },
  { names: ['libcrypt1'], files: ['*/libcrypt.so.1*'] },
  { names: ['libtomcrypt1'], files: ['*/libtomcrypt.so.1*'] },
  { names: ['libtommath1'], files: ['*/libtommath.so.1*'] },
  { names: ['libgmp10'], files: ['*/libgmp.so.10*'] },
  { names: ['zlib1g'], files: ['*/libz.so.1*'] },
  { names: ['libext2fs2t64', 'libext2fs2'], files: ['*/libext2fs.so.2*', '*/libe2p.so.2*'] },
  { names: ['libcom-err2'], files: ['*/libcom_err.so.2*'] },
]

/** Kernel modules to find the root file system with, on any bus. What they depend on comes along. */
export const bootModules = [
  ...['virtio_pci', 'virtio_blk', 'virtio_scsi', 'sd_mod', 'ahci', 'ata_piix', 'usb-storage', 'uas'],
  ...['xhci-pci', 'ehci-pci', 'uhci-hcd', 'ext4', 'crc32c_generic'],
]

/** Kernel modules for the rest: loaded by what the machine has. A kernel may have some built in, or not at all. */
export const guestModules = [
  ...bootModules,
  ...['virtio_net', 'virtio_rng', 'virtio_balloon', 'virtio_console', 'virtio_input'],
  ...['e1000', 'e1000e', 'igb', '8139cp', '8139too', 'ne2k-pci', 'pcnet32', 'af_packet'],
  ...['sr_mod', 'isofs', 'vfat', 'nls_ascii', 'nls_cp437', 'nls_utf8', 'nls_iso8859-1'],
  ...['button', 'evdev', 'hid-generic', 'usbhid', 'loop'],
]
