//! Makes libevent_core and libevent_extra: shared libraries without code of their own.
//!
//! Each function is one jump through the table that libevent exports (capi/src/table.rs), so a process has one copy of
//! the library whatever mix it loads. The few data symbols get the size and first value that they have in libevent: an
//! executable that refers to one has a copy relocation, which takes the place of both.
use crate::symbols::{self, Kind};
use crate::util::{Outcome, cc, root, run, write};
use object::elf;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

mod table_layout {
    include!("../../table_layout.rs");

    /// The table's symbol and its entries, from the lists of capi/symbols.
    pub(super) fn of(core: &str, extra: &str) -> (String, Vec<String>) {
        let entries = table_entries(&[core, extra]);
        (table_symbol(&entries), entries.iter().map(|e| (*e).to_owned()).collect())
    }
}

/// The jump table that the built libevent must export.
pub fn table() -> Outcome<(String, Vec<String>)> {
    let read = |name: &str| crate::util::read(root().join("capi/symbols").join(name));
    Ok(table_layout::of(&read("core.txt")?, &read("extra.txt")?))
}

/// Builds `to`, libevent_`name`, on top of the shared library `libevent` and those of `also`.
pub fn build(name: &str, libevent: &Path, also: &[&Path], to: &Path, scratch: &Path) -> Outcome {
    let (table, entries) = table()?;
    let real = symbols::library(libevent)?;
    let mut text = String::from("\t.text\n");
    for (symbol, kind) in symbols::exported(name)? {
        match kind {
            Kind::Func => {
                let slot =
                    entries.iter().position(|e| *e == symbol).ok_or("a function is not in the table")?;
                writeln!(text, "\t.balign 16\n\t.globl {symbol}\n\t.type {symbol},%function\n{symbol}:")?;
                text.push_str(&jump(real.machine, &table, slot * real.pointer)?);
                writeln!(text, "\t.size {symbol},.-{symbol}")?;
            }
            Kind::Data => {
                let bytes = real.data.get(&symbol).ok_or_else(|| format!("libevent has no {symbol}"))?;
                let section = if bytes.iter().all(|b| *b == 0) { "\t.bss" } else { "\t.data" };
                writeln!(
                    text,
                    "{section}\n\t.balign 8\n\t.globl {symbol}\n\t.type {symbol},%object\n{symbol}:"
                )?;
                for byte in bytes {
                    writeln!(text, "\t.byte {byte}")?;
                }
                writeln!(text, "\t.size {symbol},{}\n\t.text", bytes.len())?;
            }
        }
    }
    text.push_str("\t.section .note.GNU-stack,\"\",%progbits\n");
    let source = scratch.join(format!("event_{name}.s"));
    write(&source, text)?;
    run(Command::new(cc())
        .args(["-shared", "-nostdlib", "-s", "-Wl,-z,defs", "-Wl,-z,now", "-Wl,-z,noseparate-code"])
        .arg(format!("-Wl,-soname,libevent_{name}-2.1.so.7"))
        // A companion fits only the libevent beside it, also when a program found the companion by its own run path.
        .args(["-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN"])
        .arg("-o")
        .args([to, &source])
        .arg("-Wl,--no-as-needed")
        .args(also)
        .arg(libevent)
        .arg("-lc"))
}

/// Jumps to the table's entry at `offset` and leaves every argument register as it is.
fn jump(machine: u16, table: &str, offset: usize) -> Outcome<String> {
    match machine {
        elf::EM_X86_64 => {
            Ok(format!("\tendbr64\n\tmovq {table}@GOTPCREL(%rip),%r11\n\tjmp *{offset}(%r11)\n"))
        }
        // Arguments are on the stack; the call that finds out where we are returns to the next instruction at once.
        elf::EM_386 => Ok(format!(
            "\tendbr32\n\tcall 1f\n1:\tpopl %ecx\n\taddl $_GLOBAL_OFFSET_TABLE_+(.-1b),%ecx\n\
             \tmovl {table}@GOT(%ecx),%ecx\n\tjmp *{offset}(%ecx)\n"
        )),
        elf::EM_AARCH64 => Ok(format!(
            "\tbti c\n\tadrp x16,:got:{table}\n\tldr x16,[x16,:got_lo12:{table}]\n\tldr x16,[x16,#{offset}]\n\tbr x16\n"
        )),
        other => Err(format!("no jump written for ELF machine {other} yet").into()),
    }
}
