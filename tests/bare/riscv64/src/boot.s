# From the first instruction to `kernel`, on every hart: QEMU starts all of them here, in machine mode.

.section .text.boot, "ax"
.global _start
_start:
    csrr a0, mhartid
    li t0, 1 << 13                  # floating point
    csrs mstatus, t0
    la sp, stacks                   # 16 KiB for each
    addi t0, a0, 1
    slli t0, t0, 14
    add sp, sp, t0
    call kernel
1:  wfi
    j 1b

.section .bss.boot, "aw", @nobits
    .balign 16
stacks:
    .skip 8 * 16384
