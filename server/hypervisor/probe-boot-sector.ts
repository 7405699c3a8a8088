/**
 * A boot sector that proves 64-bit mode: it enters long mode (Intel SDM 3A, 10.8.5), hashes 100,000 numbers with
 * 64-bit multiplication through the stack, and compares the result. It reports on the debug console (port 0xe9: `R` once
 * it runs, then `L`, or `N` when the CPU has no long mode) and ends QEMU through isa-debug-exit (port 0xf4).
 * Assembled for 0x7c00; every line is its bytes, then the instruction.
 */
const listing = `
  fa fc                            cli; cld
  31 c0                            xor ax, ax
  8e d8 8e c0 8e d0                mov ds, ax; mov es, ax; mov ss, ax
  bc 00 7c                         mov sp, 0x7c00
  b0 52 e6 e9                      mov al, 'R'; out 0xe9, al
  66 b8 01 00 00 80 0f a2          mov eax, 0x80000001; cpuid
  66 0f ba e2 1d                   bt edx, 29            ; long mode
  72 0b                            jc capable
  b0 4e e6 e9                      mov al, 'N'; out 0xe9, al
  b0 11 e6 f4                      mov al, 0x11; out 0xf4, al
  f4 eb fd                         stop: hlt; jmp stop
  bf 00 10 b9 00 0c                capable: mov di, 0x1000; mov cx, 0xc00
  66 31 c0 66 f3 ab                xor eax, eax; rep stosd
  66 c7 06 00 10 03 20 00 00       mov dword [0x1000], 0x2003   ; the first 2 MiB, mapped one to one
  66 c7 06 00 20 03 30 00 00       mov dword [0x2000], 0x3003
  66 c7 06 00 30 83 00 00 00       mov dword [0x3000], 0x83
  66 b8 00 10 00 00 0f 22 d8       mov eax, 0x1000; mov cr3, eax
  0f 20 e0 0c 20 0f 22 e0          mov eax, cr4; or al, 0x20; mov cr4, eax   ; PAE
  66 b9 80 00 00 c0 0f 32          mov ecx, 0xc0000080; rdmsr
  80 cc 01 0f 30                   or ah, 1; wrmsr                           ; EFER.LME
  0f 01 16 f0 7c                   lgdt [gdtr]
  0f 20 c0 66 0d 01 00 00 80       mov eax, cr0; or eax, 0x80000001
  0f 22 c0                         mov cr0, eax                              ; paging and protection
  ea 86 7c 08 00                   jmp 0x08:long
  66 b8 10 00                      long: mov ax, 0x10
  8e d8 8e c0 8e d0                mov ds, ax; mov es, ax; mov ss, ax
  bc 00 7c 00 00                   mov esp, 0x7c00
  48 b8 25 23 22 84 e4 9c f2 cb    movabs rax, 0xcbf29ce484222325
  49 b8 b3 01 00 00 00 01 00 00    movabs r8, 0x100000001b3
  b9 a0 86 01 00                   mov ecx, 100000
  48 31 c8 49 0f af c0             again: xor rax, rcx; imul rax, r8
  50 5a 48 89 d0                   push rax; pop rdx; mov rax, rdx
  e2 f2                            loop again
  49 b9 a5 f6 a8 bf ed 3f f3 4f    movabs r9, 0x4ff33fedbfa8f6a5
  4c 39 c8 75 08                   cmp rax, r9; jne halt
  b0 4c e6 e9                      mov al, 'L'; out 0xe9, al
  b0 2a e6 f4                      mov al, 0x2a; out 0xf4, al
  f4 eb fd                         halt: hlt; jmp halt
  66 90                            (to the next multiple of 8)
  00 00 00 00 00 00 00 00          gdt: null
  00 00 00 00 00 9a 20 00          64-bit code
  00 00 00 00 00 92 00 00          data
  17 00 d8 7c 00 00                gdtr: 3 descriptors at gdt
`

/** The 512 bytes of a listing: on every line the hexadecimal pairs before the first run of blanks. */
export function assembleListing(text: string): Buffer {
  const bytes = text
    .split('\n')
    .map((line) => line.trim().split('  ')[0] ?? '')
    .flatMap((pairs) => (pairs === '' ? [] : pairs.split(' ').map((pair) => Number.parseInt(pair, 16))))
  const sector = Buffer.alloc(512)
  sector.set(bytes)
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

export const longModeBootSector = assembleListing(listing)

// isa-debug-exit ends QEMU with twice the value written, plus one.
export const longModeExitCode = 0x2a * 2 + 1
export const noLongModeExitCode = 0x11 * 2 + 1
