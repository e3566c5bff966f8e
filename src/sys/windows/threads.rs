//! Locks and conditions of Win32, in memory of the caller's.
use windows_sys::Win32::Foundation::{ERROR_TIMEOUT, GetLastError};
use windows_sys::Win32::System::Threading as os;

/// A lock that its holder can take again.
pub type Section = os::CRITICAL_SECTION;
/// A condition. It needs no clean-up.
pub type Condition = os::CONDITION_VARIABLE;

/// So often a taken lock is looked at before its thread goes to sleep.
const SPINS: u32 = 2000;

/// # Safety
/// Room for a lock.
pub unsafe fn init(lock: *mut Section) -> bool {
    // SAFETY: the caller's promise.
    unsafe { os::InitializeCriticalSectionAndSpinCount(lock, SPINS) != 0 }
}
/// # Safety
/// A lock that nobody holds, used no more.
pub unsafe fn delete(lock: *mut Section) {
    // SAFETY: the caller's promise.
    unsafe { os::DeleteCriticalSection(lock) }
}
/// # Safety
/// A lock.
#[inline]
pub unsafe fn enter(lock: *mut Section) {
    // SAFETY: the caller's promise.
    unsafe { os::EnterCriticalSection(lock) }
}
/// Takes the lock if that needs no waiting.
///
/// # Safety
/// A lock.
pub unsafe fn try_enter(lock: *mut Section) -> bool {
    // SAFETY: the caller's promise.
    unsafe { os::TryEnterCriticalSection(lock) != 0 }
}
/// # Safety
/// A lock that this thread holds.
#[inline]
pub unsafe fn leave(lock: *mut Section) {
    // SAFETY: the caller's promise.
    unsafe { os::LeaveCriticalSection(lock) }
}
/// # Safety
/// Room for a condition.
pub unsafe fn init_condition(cond: *mut Condition) {
    // SAFETY: the caller's promise.
    unsafe { os::InitializeConditionVariable(cond) }
}
/// # Safety
/// A condition.
pub unsafe fn wake(cond: *mut Condition, all: bool) {
    // SAFETY: the caller's promise.
    unsafe { if all { os::WakeAllConditionVariable(cond) } else { os::WakeConditionVariable(cond) } }
}
/// How a wait ended.
pub enum Woken {
    Yes,
    TimedOut,
    Failed,
}
/// Gives the lock back, waits for at most so many milliseconds (None: without end), and takes it again.
///
/// # Safety
/// A condition, and a lock that this thread holds once.
pub unsafe fn wait(cond: *mut Condition, lock: *mut Section, msec: Option<u32>) -> Woken {
    let msec = msec.map_or(os::INFINITE, |ms| ms.min(os::INFINITE - 1));
    // SAFETY: the caller's promise.
    unsafe {
        if os::SleepConditionVariableCS(cond, lock, msec) != 0 {
            Woken::Yes
        } else if GetLastError() == ERROR_TIMEOUT {
            Woken::TimedOut
        } else {
            Woken::Failed
        }
    }
}
#[inline]
pub fn current_id() -> u32 {
    // SAFETY: no pointers.
    unsafe { os::GetCurrentThreadId() }
}
