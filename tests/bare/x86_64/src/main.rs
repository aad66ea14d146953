//! A kernel for x86-64: boots by QEMU's PVH entry, starts the other CPUs, and runs the common test on all of
//! them. Exit code 33 of QEMU means success (its debug port makes 2n + 1 of n).

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};
use core::hint::spin_loop;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};

global_asm!(include_str!("boot.s"), options(att_syntax));

unsafe extern "C" {
    /// How many CPUs have come to `start64`.
    static next_cpu: AtomicU32;
    static trampoline: u8;
    static trampoline_end: u8;
}

const SUCCESS: u32 = 16;
const FAILURE: u32 = 17;

/// How many CPUs there are; 0 until the first one has asked.
static CPUS: AtomicU32 = AtomicU32::new(0);

/// Where every CPU comes with its number and a stack.
#[unsafe(no_mangle)]
extern "C" fn kernel(cpu: u32) -> ! {
    if cpu == 0 {
        let cpus = cpus();
        // Ordering: Release pairs with the Acquire below.
        CPUS.store(cpus, Ordering::Release);
        start_others(cpus);
    }
    let cpus = loop {
        // Ordering: Acquire pairs with the Release above.
        match CPUS.load(Ordering::Acquire) {
            0 => spin_loop(),
            cpus => break cpus,
        }
    };
    match bare_common::work(cpu as usize, cpus as usize, &mut Serial) {
        Ok(()) if cpu == 0 => exit(SUCCESS),
        Ok(()) => loop {
            spin_loop();
        },
        Err(wrong) => {
            let _ = writeln!(Serial, "{wrong}");
            exit(FAILURE)
        }
    }
}

/// What QEMU's firmware configuration says. For one CPU: which item is selected, and how far it is read, is
/// common to all.
fn cpus() -> u32 {
    // SAFETY: these ports select an item and read it.
    unsafe {
        asm!("out dx, ax", in("dx") 0x510_u16, in("ax") 5_u16);
    }
    let mut bytes = [0_u8; 2];
    for byte in &mut bytes {
        // SAFETY: as above.
        unsafe {
            asm!("in al, dx", in("dx") 0x511_u16, out("al") *byte);
        }
    }
    u16::from_le_bytes(bytes).into()
}

/// INIT and start-up interrupts to all CPUs but this one, until they have come.
fn start_others(cpus: u32) {
    const AT: usize = 0x8000;
    let (start, end) = (&raw const trampoline, &raw const trampoline_end);
    let length = end as usize - start as usize;
    for byte in 0..length {
        // SAFETY: nothing else lies at 0x8000, which is mapped; the trampoline has this length.
        unsafe { ((AT + byte) as *mut u8).write_volatile(start.add(byte).read()) };
    }
    let local_apic = |register: usize, value: u32| {
        // SAFETY: the local APIC lies there after a reset, and the page tables map it.
        unsafe { ((0xFEE0_0000 + register) as *mut u32).write_volatile(value) };
    };
    local_apic(0xF0, 0x1FF); // on
    local_apic(0x300, 0x000C_4500); // INIT
    wait(100_000);
    // SAFETY: it is aligned, initialised and only used as an atomic.
    let come = || unsafe { &next_cpu }.load(Ordering::Relaxed);
    while come() < cpus {
        local_apic(0x300, 0x000C_4600 | AT as u32 >> 12); // start there
        wait(100_000);
    }
}

fn wait(turns: u32) {
    (0..turns).for_each(|_| spin_loop());
}

/// The first serial port.
struct Serial;

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: writes to the serial port only.
            unsafe { asm!("out dx, al", in("dx") 0x3F8_u16, in("al") byte) };
        }
        Ok(())
    }
}

/// Ends QEMU.
fn exit(code: u32) -> ! {
    // SAFETY: QEMU's debug port; nothing comes after it.
    unsafe { asm!("out dx, eax", in("dx") 0xF4_u16, in("eax") code) };
    loop {
        spin_loop();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Serial, "{info}");
    exit(FAILURE)
}

/// The compiler calls these. Their bodies are single instructions, so that it doesn't make calls of
/// themselves of them.
///
/// # Safety
///
/// As C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    // SAFETY: the caller's duty.
    unsafe { asm!("rep movsb", inout("rcx") count => _, inout("rdi") to => _, inout("rsi") from => _) };
    to
}

/// # Safety
///
/// As C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    // SAFETY: the caller's duty.
    unsafe { asm!("rep stosb", inout("rcx") count => _, inout("rdi") to => _, in("al") byte as u8) };
    to
}
