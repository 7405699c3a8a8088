import { assembleListing } from './probe-boot-sector'

/**
 * A whole guest in one boot sector, for tests. It prints `ready MARKER` on the serial console and the screen, echoes
 * what it reads, shows pressed keys on the screen, and powers itself off (as an operating system does, through ACPI)
 * when the power button is pressed. Commands on the serial line: `o` off, `p` panic, `r` reset through the keyboard
 * controller, `t` print the BIOS's tick counter, `f` print 65,536 dots.
 */
const listing = `
  eb 09                                jmp main
  4d 41 52 4b 45 52 30 31 00           marker: 'MARKER01', 0
  31 c0                                main: xor ax,ax
  8e d8                                mov ds,ax
  8e c0                                mov es,ax
  8e d0                                mov ss,ax
  bc 00 7c                             mov sp,0x7c00
  fb                                   sti
  fc                                   cld
  be fa 7c                             mov si,hello
  e8 d1 00                             call say
  be 02 7c                             mov si,marker
  e8 cb 00                             call say
  e8 a9 00                             call line
  ba 02 06                             mov dx,0x602
  b8 00 01                             mov ax,0x100
  ef                                   out dx,ax
  f4                                   loop: hlt
  b4 01                                mov ah,0x1
  cd 16                                int 0x16
  74 0b                                je serial
  b4 00                                mov ah,0x0
  cd 16                                int 0x16
  b4 0e                                mov ah,0xe
  bb 07 00                             mov bx,0x7
  cd 10                                int 0x10
  ba fd 03                             serial: mov dx,0x3fd
  ec                                   in al,dx
  a8 01                                test al,0x1
  74 53                                je button
  ba f8 03                             mov dx,0x3f8
  ec                                   in al,dx
  3c 6f                                cmp al,0x6f
  74 54                                je off
  3c 70                                cmp al,0x70
  74 59                                je panic
  3c 72                                cmp al,0x72
  74 5e                                je reset
  3c 74                                cmp al,0x74
  74 16                                je ticks
  3c 66                                cmp al,0x66
  74 5d                                je flood
  88 c3                                mov bl,al
  be 01 7d                             mov si,echo
  e8 87 00                             call say
  88 d8                                mov al,bl
  e8 6a 00                             call put
  e8 60 00                             call line
  eb 29                                jmp button
  be 07 7d                             ticks: mov si,tick
  e8 77 00                             call say
  66 b9 08 00 00 00                    mov ecx,0x8
  66 8b 1e 6c 04                       mov ebx,DWORD PTR ds:0x46c
  66 c1 c3 04                          digit: rol ebx,0x4
  88 d8                                mov al,bl
  24 0f                                and al,0xf
  3c 0a                                cmp al,0xa
  72 02                                jb small
  04 27                                add al,0x27
  04 30                                small: add al,0x30
  e8 41 00                             call put
  e2 eb                                loop digit
  e8 35 00                             call line
  ba 00 06                             button: mov dx,0x600
  ed                                   in ax,dx
  f6 c4 01                             test ah,0x1
  74 8a                                je loop
  ba 04 06                             off: mov dx,0x604
  b8 00 20                             mov ax,0x2000
  ef                                   out dx,ax
  eb 81                                jmp loop
  ba 05 05                             panic: mov dx,0x505
  b0 01                                mov al,0x1
  ee                                   out dx,al
  e9 78 ff                             jmp loop
  b0 fe                                reset: mov al,0xfe
  e6 64                                out 0x64,al
  e9 71 ff                             jmp loop
  66 b9 00 00 01 00                    flood: mov ecx,0x10000
  b0 2e                                more: mov al,0x2e
  e8 0f 00                             call put
  e2 f9                                loop more
  e8 03 00                             call line
  e9 5e ff                             jmp loop
  b0 0d                                line: mov al,0xd
  e8 02 00                             call put
  b0 0a                                mov al,0xa
  50                                   put: push ax
  b4 0e                                mov ah,0xe
  53                                   push bx
  bb 07 00                             mov bx,0x7
  cd 10                                int 0x10
  5b                                   pop bx
  ba fd 03                             mov dx,0x3fd
  ec                                   wait: in al,dx
  a8 20                                test al,0x20
  74 fb                                je wait
  58                                   pop ax
  ba f8 03                             mov dx,0x3f8
  ee                                   out dx,al
  c3                                   ret
  ac                                   say: lods al,BYTE PTR ds:[si]
  84 c0                                test al,al
  74 05                                je done
  e8 e0 ff                             call put
  eb f6                                jmp say
  c3                                   done: ret
  72 65 61 64 79 20 00                 hello: 'ready ', 0
  65 63 68 6f 20 00                    echo: 'echo ', 0
  74 69 63 6b 73 20 00                 tick: 'ticks ', 0
`

const markerOffset = 2
const markerLength = 8

/** A disk image that boots to the guest; `marker` tells guests apart. */
export function testGuestImage(marker = 'MARKER01'): Buffer {
  const image = Buffer.alloc(2 ** 20)
  assembleListing(listing).copy(image)
  image.write(marker.padEnd(markerLength).slice(0, markerLength), markerOffset, 'latin1')
  return image
}
