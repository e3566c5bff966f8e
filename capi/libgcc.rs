// include!d by the build scripts of cdylibs that use std: a static unwinder leaves libc as the only NEEDED.
fn static_libgcc() {
    let Ok(compiler) = cc::Build::new().try_get_compiler() else { return };
    let Ok(out) = compiler.to_command().arg("-print-file-name=libgcc_eh.a").output() else { return };
    let path = std::path::PathBuf::from(String::from_utf8_lossy(&out.stdout).trim());
    if let (true, Some(dir)) = (path.is_absolute(), path.parent()) {
        println!("cargo:rustc-link-search=native={}", dir.display());
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
