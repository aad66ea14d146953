//! A kernel for riscv64, QEMU's machine `virt` with four harts, without a firmware: runs the common test on
//! all of them.

#![no_std]
#![no_main]

use core::arch::global_asm;
use core::fmt::{self, Write};
use core::hint::spin_loop;
use core::panic::PanicInfo;

global_asm!(include_str!("boot.s"));

const HARTS: usize = 4;

/// Where every hart comes with its number and a stack.
#[unsafe(no_mangle)]
extern "C" fn kernel(hart: usize) -> ! {
    match bare_common::work(hart, HARTS, &mut Serial) {
        Ok(()) if hart == 0 => exit(0x5555),
        Ok(()) => loop {
            spin_loop();
        },
        Err(wrong) => {
            let _ = writeln!(Serial, "{wrong}");
            exit(1 << 16 | 0x3333)
        }
    }
}

/// The serial port of the machine.
struct Serial;

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the data register of the serial port.
            unsafe { (0x1000_0000 as *mut u8).write_volatile(byte) };
        }
        Ok(())
    }
}

/// Ends QEMU, by its test device.
fn exit(code: u32) -> ! {
    // SAFETY: that is where the machine has the device.
    unsafe { (0x10_0000 as *mut u32).write_volatile(code) };
    loop {
        spin_loop();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Serial, "{info}");
    exit(1 << 16 | 0x3333)
}
