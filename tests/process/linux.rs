//! The few system calls that the cases need.

use std::fs;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// How a child has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(i32),
    Killed(i32),
    /// Half a minute after it was begun, it was still there. It has been killed.
    Hung,
}

/// Runs `body` in a forked child. The child ends with `body`, with 0 or, if it panics, 1; no destructor runs
/// after that.
pub(crate) fn in_a_child(body: impl FnOnce()) -> End {
    match fork() {
        0 => {
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            exit(i32::from(ended.is_err()))
        }
        child => wait(child),
    }
}

/// Calls `body` in a forked child as [`in_a_child`] does. How that has ended, and what it has written to
/// standard error.
pub(crate) fn in_a_child_that_says(body: impl FnOnce()) -> (End, String) {
    let (mut said, say) = UnixStream::pair().expect("a pair of sockets");
    match fork() {
        0 => {
            // SAFETY: no memory is involved.
            let done = unsafe { libc::dup2(say.as_raw_fd(), libc::STDERR_FILENO) };
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            exit(i32::from(done < 0 || ended.is_err()))
        }
        child => {
            drop(say);
            // A child that hangs says nothing more, but doesn't end either.
            let text = std::thread::spawn(move || {
                let mut text = String::new();
                said.read_to_string(&mut text).map(|_| text)
            });
            (wait(child), text.join().expect("no panic").expect("text"))
        }
    }
}

/// 0 in the child, the child's number in the parent.
pub(crate) fn fork() -> i32 {
    // SAFETY: no memory is involved. glibc keeps its allocator usable in children of processes with several
    // threads.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork: {}", io::Error::last_os_error());
    child
}

pub(crate) fn exit(code: i32) -> ! {
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(code) }
}

/// Waits for a child; one that hangs is killed.
pub(crate) fn wait(child: i32) -> End {
    for _ in 0..30_000 {
        let mut status = 0;
        // SAFETY: the pointer is to an integer of ours.
        let ended = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        assert!(ended >= 0, "waitpid: {}", io::Error::last_os_error());
        if ended == child {
            let killed = libc::WIFSIGNALED(status);
            return if killed {
                End::Killed(libc::WTERMSIG(status))
            } else {
                End::Exited(libc::WEXITSTATUS(status))
            };
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    // SAFETY: no memory is involved; the child is ours and has not been waited for.
    unsafe { libc::kill(child, libc::SIGKILL) };
    End::Hung
}

/// The cores that the calling thread may use.
pub(crate) fn cores() -> Vec<usize> {
    // SAFETY: integers, for which zeros are valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a set of the given size.
    let done = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set) };
    assert_eq!(done, 0, "sched_getaffinity: {}", io::Error::last_os_error());
    // SAFETY: an ordinary function on an ordinary reference.
    (0..libc::CPU_SETSIZE as usize).filter(|&core| unsafe { libc::CPU_ISSET(core, &set) }).collect()
}

/// Confines the calling thread, and those that it starts from now on, to one core, as `taskset -c` does.
pub(crate) fn confine_to(core: usize) {
    confine_to_all(&[core]);
}

/// Confines the calling thread, and those that it starts from now on, to some cores.
pub(crate) fn confine_to_all(cores: &[usize]) {
    // SAFETY: integers, for which zeros are valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &core in cores {
        // SAFETY: an ordinary function on an ordinary reference.
        unsafe { libc::CPU_SET(core, &mut set) };
    }
    // SAFETY: the pointer is to a set of the given size.
    let done = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    assert_eq!(done, 0, "sched_setaffinity: {}", io::Error::last_os_error());
}

/// From now on any system call but the one that ends the process kills it, on all its threads.
pub(crate) fn forbid_all() {
    filter_calls(libc::SYS_exit_group, libc::SECCOMP_RET_ALLOW, libc::SECCOMP_RET_KILL_PROCESS);
}

/// From now on this system call fails so, for all threads of the process.
pub(crate) fn forbid(call: libc::c_long, error: i32) {
    filter_calls(call, libc::SECCOMP_RET_ERRNO | error as u32, libc::SECCOMP_RET_ALLOW);
}

/// What is to become of this system call from now on, and of all others, on all threads of the process.
fn filter_calls(call: libc::c_long, action: u32, others: u32) {
    let call = u32::try_from(call).expect("a small number");
    let step = |code: u32, k: u32, (jt, jf)| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut filter = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, (0, 0)), // the number of the call
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call, (0, 1)),
        step(libc::BPF_RET | libc::BPF_K, action, (0, 0)),
        step(libc::BPF_RET | libc::BPF_K, others, (0, 0)),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: no memory is involved.
    let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(done, 0, "prctl: {}", io::Error::last_os_error());
    let (mode, flags) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_TSYNC);
    // SAFETY: the program and its steps last until the kernel has copied them.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program) };
    assert_eq!(done, 0, "seccomp: {}", io::Error::last_os_error());
}

/// Lets this process, which has one thread, have `threads` in all. Root, whom no such limit holds, becomes a
/// user who has nothing else running. Others may have a lot running, and then get no further thread at all.
pub(crate) fn limit_threads(threads: u64) {
    // SAFETY: no memory is involved.
    let root = unsafe { libc::getuid() } == 0;
    let threads = if root { threads } else { 1 };
    let limit = libc::rlimit { rlim_cur: threads, rlim_max: threads };
    // SAFETY: the pointer is to a limit of ours.
    let done = unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) };
    assert_eq!(done, 0, "setrlimit: {}", io::Error::last_os_error());
    if root {
        const NOBODY_ELSE: libc::uid_t = 54_321;
        // SAFETY: no memory is involved.
        let done = unsafe { libc::setuid(NOBODY_ELSE) };
        assert_eq!(done, 0, "setuid: {}", io::Error::last_os_error());
    }
}

/// The CPU time of each thread of this process in nanoseconds, from `/proc`.
pub(crate) fn cpu_times() -> Vec<u64> {
    let tasks = fs::read_dir("/proc/self/task").expect("this is Linux");
    let time = |task: io::Result<fs::DirEntry>| {
        // A thread may end between the two.
        let line = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        line.split(' ').next()?.parse().ok()
    };
    tasks.filter_map(time).collect()
}
