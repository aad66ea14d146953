//! What both programs for Cortex-M need: the start, the registers of the core's interrupts, and semihosting.
//! No other crate.

#![no_std]

use core::arch::{asm, global_asm};
use core::fmt;

global_asm!(include_str!("boot.s"));

unsafe extern "C" {
    static bss_end: u32;
    static stack_top: u32;
}

/// Begins SysTick, every so many cycles, and enables the first interrupt of the chip. The lower number is the
/// more urgent one.
pub fn enable(cycles: u32, systick_priority: u8, interrupt_priority: u8) {
    let register = |address: usize, value: u32| {
        // SAFETY: registers of the core, where the architecture has them.
        unsafe { (address as *mut u32).write_volatile(value) };
    };
    register(0xE000_ED20, u32::from(systick_priority) << 24);
    register(0xE000_E400, interrupt_priority.into());
    register(0xE000_E100, 1);
    register(0xE000_E014, cycles);
    register(0xE000_E018, 0);
    register(0xE000_E010, 7);
}

/// Triggers the first interrupt of the chip.
pub fn trigger() {
    // SAFETY: the core's register for that. The barriers make it happen here, if its priority allows.
    unsafe {
        (0xE000_EF00 as *mut u32).write_volatile(0);
        asm!("dsb", "isb");
    }
}

/// Sleeps until an interrupt has come, also one that came since the last sleep.
pub fn wait_for_event() {
    // SAFETY: only waits.
    unsafe { asm!("wfe") };
}

/// The most bytes of stack that were ever in use.
#[must_use]
pub fn stack_used() -> usize {
    let (mut at, top) = (&raw const bss_end, &raw const stack_top);
    // SAFETY: what lies between these is the stack, which was painted.
    while at < top && unsafe { at.read_volatile() } == 0x5AFE_5AFE {
        at = at.wrapping_add(1);
    }
    top as usize - at as usize
}

fn semihosting(operation: u32, argument: *const u32) {
    // SAFETY: QEMU reads what the argument points to.
    unsafe { asm!("bkpt #0xAB", inout("r0") operation => _, in("r1") argument) };
}

/// Ends QEMU with this code.
pub fn exit(code: u32) -> ! {
    let arguments = [0x2_0026, code];
    semihosting(0x20, arguments.as_ptr());
    loop {}
}

/// The debugger's console.
#[derive(Debug)]
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            semihosting(0x03, &raw const *&u32::from(byte));
        }
        Ok(())
    }
}
