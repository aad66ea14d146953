//! The few system calls that the cases need.

use std::fs;
use std::io;

/// How a child has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(i32),
    Killed(i32),
    /// Half a minute after it was begun, it was still there. It has been killed.
    Hung,
}

/// Runs `body` in a forked child. The child ends with `body`, with 0 or, if it panics, 1; no destructor runs after that.
pub(crate) fn in_a_child(body: impl FnOnce()) -> End {
    match fork() {
        0 => {
            let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            exit(i32::from(ended.is_err()))
        }
        child => wait(child),
    }
}

/// 0 in the child, the child's number in the parent.
pub(crate) fn fork() -> i32 {
    // SAFETY: no memory is involved. glibc keeps its allocator usable in children of processes with several threads.
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
    // SAFETY: integers, for which zeros are valid.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: an ordinary function on an ordinary reference.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: the pointer is to a set of the given size.
    let done = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    assert_eq!(done, 0, "sched_setaffinity: {}", io::Error::last_os_error());
}

/// Lets this process, which has one thread, have `threads` in all. Root, whom no such limit holds, becomes a user
/// who has nothing else running. Others may have a lot running, and then get no further thread at all.
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
