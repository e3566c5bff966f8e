//! libevent_pthreads: fills the evthread tables with pthread mutexes and conditions.
