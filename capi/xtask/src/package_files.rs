//! The .pc and CMake files.
use crate::util::{Outcome, write};
use std::path::Path;

const VERSION: &str = "2.1.12";

struct Pc {
    name: &'static str,
    about: &'static str,
    requires: &'static str,
    /// For static linking.
    private: &'static str,
}

const PC: &[Pc] = &[
    Pc {
        name: "libevent",
        about: "Event loop, buffers and network protocols: core and extra in one",
        requires: "",
        private: "",
    },
    Pc {
        name: "libevent_core",
        about: "Event loop, buffers and buffered streams",
        requires: "",
        private: "",
    },
    Pc {
        name: "libevent_extra",
        about: "Network protocols on top of libevent_core",
        requires: "",
        private: "",
    },
    Pc {
        name: "libevent_openssl",
        about: "TLS bufferevents on OpenSSL",
        requires: "libevent",
        private: " -lssl -lcrypto",
    },
    Pc {
        name: "libevent_pthreads",
        about: "POSIX threads for libevent's locks",
        requires: "libevent",
        private: "",
    },
];

/// Writes lib/pkgconfig and lib/cmake/libevent below `to`; `prefix` is where they will be found.
pub fn write_all(to: &Path, prefix: &Path) -> Outcome {
    write_some(to, prefix, |_| true, "")
}

/// The same for the libraries that a system has, with what static links need there.
pub fn write_some(to: &Path, prefix: &Path, has: impl Fn(&str) -> bool, system: &str) -> Outcome {
    for pc in PC.iter().filter(|pc| has(pc.name)) {
        let Pc { name, about, requires, private } = pc;
        let link = name.trim_start_matches("lib");
        let text = format!(
            "prefix={}\nexec_prefix=${{prefix}}\nlibdir=${{prefix}}/lib\nincludedir=${{prefix}}/include\n\n\
             Name: {name}\nDescription: {about}\nVersion: {VERSION}-stable\nRequires: {requires}\nConflicts:\n\
             Libs: -L${{libdir}} -l{link}\nLibs.private:{private}{system}\nCflags: -I${{includedir}}\n",
            prefix.display()
        );
        write(to.join(format!("lib/pkgconfig/{name}.pc")), text)?;
    }
    let cmake = to.join("lib/cmake/libevent");
    write(cmake.join("LibeventConfig.cmake"), CONFIG)?;
    write(cmake.join("LibeventConfigVersion.cmake"), CONFIG_VERSION.replace("@VERSION@", VERSION))
}

const CONFIG: &str = r#"# find_package(Libevent [COMPONENTS core extra pthreads openssl])
#
# Targets: libevent::core, libevent::extra, libevent::pthreads, libevent::openssl. Variables: LIBEVENT_INCLUDE_DIRS, LIBEVENT_LIBRARIES.
# Set LIBEVENT_STATIC_LINK before for the static libraries.
get_filename_component(_libevent_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(LIBEVENT_INCLUDE_DIR "${_libevent_prefix}/include")
set(LIBEVENT_INCLUDE_DIRS "${LIBEVENT_INCLUDE_DIR}")
if(LIBEVENT_STATIC_LINK)
  set(_libevent_kind STATIC)
  set(_libevent_suffix ".a")
elseif(WIN32)
  # The import library.
  set(_libevent_kind UNKNOWN)
  set(_libevent_suffix ".dll.a")
else()
  set(_libevent_kind SHARED)
  set(_libevent_suffix ".so")
endif()
set(_libevent_wanted ${Libevent_FIND_COMPONENTS})
if(NOT _libevent_wanted)
  set(_libevent_wanted core extra pthreads openssl)
endif()

set(LIBEVENT_LIBRARIES)
set(Libevent_FOUND TRUE)
foreach(_libevent_c core ${_libevent_wanted})
  set(_libevent_file "${_libevent_prefix}/lib/libevent_${_libevent_c}${_libevent_suffix}")
  if(EXISTS "${_libevent_file}")
    set(Libevent_${_libevent_c}_FOUND TRUE)
    if(NOT TARGET libevent::${_libevent_c})
      add_library(libevent::${_libevent_c} ${_libevent_kind} IMPORTED)
      set_target_properties(libevent::${_libevent_c} PROPERTIES
        IMPORTED_LOCATION "${_libevent_file}"
        INTERFACE_INCLUDE_DIRECTORIES "${LIBEVENT_INCLUDE_DIR}")
      if(WIN32 AND LIBEVENT_STATIC_LINK AND _libevent_c STREQUAL "core")
        set_property(TARGET libevent::core PROPERTY INTERFACE_LINK_LIBRARIES ws2_32 ntdll userenv)
      endif()
      if(NOT _libevent_c STREQUAL "core")
        set_property(TARGET libevent::${_libevent_c} PROPERTY INTERFACE_LINK_LIBRARIES libevent::core)
        if(LIBEVENT_STATIC_LINK AND _libevent_c STREQUAL "openssl")
          set_property(TARGET libevent::openssl APPEND PROPERTY INTERFACE_LINK_LIBRARIES ssl crypto)
        endif()
      endif()
    endif()
  else()
    set(Libevent_${_libevent_c}_FOUND FALSE)
    if(Libevent_FIND_REQUIRED_${_libevent_c})
      set(Libevent_FOUND FALSE)
      set(Libevent_NOT_FOUND_MESSAGE "there is no ${_libevent_file}")
    endif()
  endif()
endforeach()
foreach(_libevent_c ${_libevent_wanted})
  if(Libevent_${_libevent_c}_FOUND)
    list(APPEND LIBEVENT_LIBRARIES libevent::${_libevent_c})
  endif()
endforeach()
"#;

const CONFIG_VERSION: &str = r#"set(PACKAGE_VERSION "@VERSION@")
if(PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_FIND_VERSION STREQUAL PACKAGE_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
"#;
