@ The vectors, and from the reset to `main`: data is copied from flash, the rest of memory cleared. The stack is painted, to see
@ how far it has been used.

.syntax unified
.thumb

.section .vectors, "a"
    .word stack_top
    .word reset
    .word fault, fault, fault, fault, fault         @ NMI and faults
    .word 0, 0, 0, 0
    .word fault, fault, 0, fault                    @ calls and debug monitor, PendSV
    .word systick
    .word interrupt                                 @ the first of the chip's

.section .text.boot, "ax"
.global reset
.thumb_func
reset:
    ldr r0, =data_start
    ldr r1, =data_end
    ldr r2, =data_load
    b 2f
1:  ldr r3, [r2], #4
    str r3, [r0], #4
2:  cmp r0, r1
    blo 1b
    ldr r0, =bss_start
    ldr r1, =bss_end
    movs r3, #0
    b 4f
3:  str r3, [r0], #4
4:  cmp r0, r1
    blo 3b
    ldr r1, =stack_top
    ldr r3, =0x5AFE5AFE
    b 6f
5:  str r3, [r0], #4
6:  cmp r0, r1
    blo 5b
    bl main
.thumb_func
fault:
    b fault
