//! Compiles the C++ drivers of the `native` feature, each if its library is there. Without the feature:
//! nothing.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_onetbb, has_openmp)");
    println!("cargo::rerun-if-changed=native");
    #[cfg(feature = "native")]
    {
        native("onetbb", "has_onetbb", "libtbb-dev", &[], "tbb");
        native("openmp", "has_openmp", "g++ with OpenMP", &["-fopenmp"], "gomp");
    }
}

/// Compiles `native/<name>.cpp` and sets `cfg`, or says in one line what is missing.
#[cfg(feature = "native")]
fn native(name: &str, cfg: &str, needed: &str, flags: &[&str], library: &str) {
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").opt_level(3).cargo_warnings(false).file(format!("native/{name}.cpp"));
    for flag in flags {
        build.flag(flag);
    }
    match build.try_compile(&format!("dgraph_bench_{name}")) {
        Ok(()) => {
            println!("cargo::rustc-link-lib={library}");
            println!("cargo::rustc-cfg={cfg}");
        }
        Err(_) => println!("cargo::warning={name} is left out: it needs {needed}"),
    }
}
