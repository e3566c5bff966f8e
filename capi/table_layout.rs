// The jump table through which libevent_core and libevent_extra reach libevent: its order and its name.
// include!d by capi/build.rs, which defines the table, and by xtask, which makes the companions that jump through it.

/// The functions of `lists` (lines `name func` or `name data`), in table order.
fn table_entries<'a>(lists: &[&'a str]) -> Vec<&'a str> {
    lists.iter().flat_map(|l| l.lines()).filter_map(|line| line.strip_suffix(" func")).collect()
}

/// The table's symbol. A hash of its content is part of the name, so that a companion made for another table
/// fails to load instead of jumping to the wrong function.
fn table_symbol(entries: &[&str]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325; // FNV-1a
    for byte in entries.iter().flat_map(|e| e.bytes().chain([b'\n'])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("oxievent_table_{hash:016x}_")
}
