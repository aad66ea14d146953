//! A kernel for aarch64, QEMU's machine `virt` with four CPUs: starts the others by PSCI and runs the common
//! test on all of them.

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};
use core::panic::PanicInfo;

global_asm!(include_str!("boot.s"));

unsafe extern "C" {
    static start_other: u8;
}

const CPUS: usize = 4;

/// Where every CPU comes with its number and a stack.
#[unsafe(no_mangle)]
extern "C" fn kernel(cpu: usize) -> ! {
    if cpu == 0 {
        (1..CPUS).for_each(start);
    }
    match bare_common::work(cpu, CPUS, &mut Serial) {
        Ok(()) if cpu == 0 => exit(0),
        Ok(()) => loop {
            // SAFETY: waits for an event, of which none has to come.
            unsafe { asm!("wfe") };
        },
        Err(wrong) => {
            let _ = writeln!(Serial, "{wrong}");
            exit(1)
        }
    }
}

/// PSCI's `CPU_ON`.
fn start(cpu: usize) {
    const CPU_ON: u64 = 0xC400_0003;
    let result: u64;
    // SAFETY: the CPU begins at `start_other`, with its number and a stack of its own.
    unsafe {
        asm!("hvc #0", inout("x0") CPU_ON => result, in("x1") cpu, in("x2") &raw const start_other, in("x3") cpu);
    }
    assert!(result == 0, "CPU {cpu} doesn't start");
}

/// The serial port of the machine.
struct Serial;

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the data register of the serial port, which the page tables map as a device.
            unsafe { (0x0900_0000 as *mut u32).write_volatile(byte.into()) };
        }
        Ok(())
    }
}

/// Ends QEMU, by semihosting.
fn exit(code: u64) -> ! {
    let arguments = [0x2_0026, code];
    // SAFETY: nothing comes after it.
    unsafe { asm!("hlt #0xf000", in("w0") 0x18, in("x1") &raw const arguments) };
    loop {}
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Serial, "{info}");
    exit(1)
}
