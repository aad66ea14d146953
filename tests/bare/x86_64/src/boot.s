# From the first byte to `kernel`, on every CPU. The first one is started by QEMU in 32-bit mode (PVH), the others by an
# INIT-SIPI sequence in 16-bit mode at `trampoline`, which was copied to 0x8000.

.section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18                  # lengths of name and descriptor; XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long start32

.section .text.boot, "ax"
.code32
.global start32
start32:
    cli
    # The first 4 GiB are mapped to themselves, in pages of 2 MiB: present, writable, large.
    mov $directories, %edi
    mov $0x83, %eax
    xor %ecx, %ecx
1:  mov %eax, (%edi, %ecx, 8)
    movl $0, 4(%edi, %ecx, 8)
    add $0x200000, %eax
    inc %ecx
    cmp $2048, %ecx
    jne 1b
    mov $directories + 3, %eax
    xor %ecx, %ecx
2:  mov %eax, pointers(, %ecx, 8)
    add $4096, %eax
    inc %ecx
    cmp $4, %ecx
    jne 2b
    movl $pointers + 3, top
enter_long_mode:
    mov $top, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $0x620, %eax                 # physical address extension; SSE
    mov %eax, %cr4
    mov $0xC0000080, %ecx           # EFER: long mode
    rdmsr
    or $0x100, %eax
    wrmsr
    mov %cr0, %eax
    and $~4, %eax                   # no emulation of the coprocessor
    or $0x80000003, %eax            # paging, monitor coprocessor, protection
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $0x08, $start64

.code64
start64:
    mov $0x10, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    # Numbers in the order in which they come; a stack of 16 KiB for each.
    mov $1, %edi
    lock xadd %edi, next_cpu
    lea 1(%rdi), %rax
    shl $14, %rax
    lea stacks(%rax), %rsp
    call kernel
3:  hlt
    jmp 3b

.code32
start_other:
    mov $0x10, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    jmp enter_long_mode

.code16
.global trampoline, trampoline_end
trampoline:
    cli
    xor %ax, %ax
    mov %ax, %ds
    lgdtl 0x8000 + trampoline_gdt_pointer - trampoline
    mov %cr0, %eax
    or $1, %eax
    mov %eax, %cr0
    ljmpl $0x18, $start_other
    .balign 4
trampoline_gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
trampoline_end:

.section .data.boot, "aw"
    .balign 8
gdt:
    .quad 0
    .quad 0x00AF9A000000FFFF        # 0x08: code, 64 bits
    .quad 0x00CF92000000FFFF        # 0x10: data
    .quad 0x00CF9A000000FFFF        # 0x18: code, 32 bits
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .quad gdt
    .balign 4
.global next_cpu
next_cpu:
    .long 0

.section .bss.boot, "aw", @nobits
    .balign 4096
top:
    .skip 4096
pointers:
    .skip 4096
directories:
    .skip 4 * 4096
stacks:
    .skip 8 * 16384
