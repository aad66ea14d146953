// From the first instruction to `kernel`, on every CPU. QEMU starts the first one here, in EL1 without a memory management unit; the
// others are started by PSCI, with their number in x0.

.section .text.boot, "ax"
.global _start
_start:
    mov x19, #0
    b 1f
.global start_other
start_other:
    mov x19, x0
1:  mov x1, #(3 << 20)              // floating point
    msr cpacr_el1, x1
    // Exclusive accesses need memory that is normal and shareable: map it so, to itself.
    mov x1, #0xff                   // attribute 0: normal, write-back; 1: device
    msr mair_el1, x1
    ldr x1, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
    msr tcr_el1, x1                 // 39 bits of address, inner shareable, no upper half
    ldr x1, =table
    msr ttbr0_el1, x1
    tlbi vmalle1
    dsb sy
    isb
    mrs x1, sctlr_el1
    mov x2, #(1 << 0 | 1 << 2 | 1 << 12)
    orr x1, x1, x2                  // unit, data and instruction cache on
    msr sctlr_el1, x1
    isb
    ldr x1, =stacks                 // 16 KiB for each
    add x2, x19, #1
    lsl x2, x2, #14
    add sp, x1, x2
    mov x0, x19
    bl kernel
2:  wfe
    b 2b

.section .data.boot, "aw"
    .balign 4096
table:
    .quad 0x00000405                // the first GiB: devices
    .quad 0x40000701                // the second: memory, inner shareable
    .skip 4096 - 16

.section .bss.boot, "aw", @nobits
    .balign 16
stacks:
    .skip 8 * 16384
