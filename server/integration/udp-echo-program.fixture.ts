import { assembleListing } from '../hypervisor/probe-boot-sector'

/** A loop for 64-bit Linux that sends every datagram to port 7001 back to where it came from. */
const listing = `
  6a 02 5f 6a 02 5e                push 2; pop rdi; push 2; pop rsi
  31 d2 6a 29 58 0f 05             xor edx, edx; push 41; pop rax; syscall     ; socket
  89 c3 89 df                      mov ebx, eax; mov edi, ebx
  48 8d 35 50 00 00 00             lea rsi, [address]
  6a 10 5a 6a 31 58 0f 05          push 16; pop rdx; push 49; pop rax; syscall ; bind
  48 81 ec 00 00 02 00             sub rsp, 0x20000
  48 89 e5                         mov rbp, rsp
  c7 44 24 10 10 00 00 00          again: mov dword [rsp+16], 16
  89 df 48 8d 74 24 20             mov edi, ebx; lea rsi, [rsp+32]
  ba 00 00 01 00 45 31 d2          mov edx, 0x10000; xor r10d, r10d
  49 89 e0 4c 8d 4c 24 10          mov r8, rsp; lea r9, [rsp+16]
  6a 2d 58 0f 05                   push 45; pop rax; syscall                   ; recvfrom
  89 c2 89 df 48 8d 74 24 20       mov edx, eax; mov edi, ebx; lea rsi, [rsp+32]
  45 31 d2 49 89 e0                xor r10d, r10d; mov r8, rsp
  6a 10 41 59 6a 2c 58 0f 05       push 16; pop r9; push 44; pop rax; syscall  ; sendto
  eb c2                            jmp again
  02 00 1b 59                      address: AF_INET, 7001
  00 00 00 00                      0.0.0.0
  00 00 00 00 00 00 00 00          padding
`

const base = 0x400000
const headers = 64 + 56
const codeLength = 120

/** The same as a program: one segment, its code behind the headers (ELF-64, System V ABI). */
export function udpEchoProgram(): Buffer {
  const code = assembleListing(listing).subarray(0, codeLength)
  const elf = Buffer.alloc(headers)
  // 64 bits, little-endian, version 1.
  Buffer.from('7f454c46020101', 'hex').copy(elf)
  elf.writeUInt16LE(2, 16)
  elf.writeUInt16LE(62, 18)
  elf.writeUInt32LE(1, 20)
  elf.writeBigUInt64LE(BigInt(base + headers), 24)
  elf.writeBigUInt64LE(64n, 32)
  elf.writeUInt16LE(64, 52)
  elf.writeUInt16LE(56, 54)
  elf.writeUInt16LE(1, 56)
  // Loaded whole, readable and executable.
  elf.writeUInt32LE(1, 64)
  elf.writeUInt32LE(5, 68)
  elf.writeBigUInt64LE(BigInt(base), 80)
  elf.writeBigUInt64LE(BigInt(base), 88)
  elf.writeBigUInt64LE(BigInt(headers + code.length), 96)
  elf.writeBigUInt64LE(BigInt(headers + code.length), 104)
  elf.writeBigUInt64LE(0x1000n, 112)
  return Buffer.concat([elf, code])
}
