//! Pluggable locks: the tables of `evthread_set_*_callbacks`, and the engine's own handles on them.
//!
//! No table: every lock is a no-op. A user's table: it is called. The table of `evthread_use_pthreads` is
//! recognised, and its mutexes are locked directly. They are real pthread mutexes, so that TSan and helgrind see
//! what a program's callbacks may rely on.
mod debug;
mod lock;
mod table;
#[cfg(windows)]
mod windows;

pub use debug::enable_debugging;
pub use lock::{Cond, Held, Lock, PlainLock, SharedLock, Waitable};
pub use table::{
    condition_callbacks, current_id, has_id_callback, is_debugging, lock_callbacks, locks_enabled,
    note_lockable, note_pthread_mutex, set_condition_callbacks, set_debug_mode, set_id_callback,
    set_lock_callbacks, stop_debugging,
};
#[cfg(windows)]
pub use windows::use_windows_threads;
