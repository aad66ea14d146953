---
[package]
edition = "2024"

[dependencies]
public-api = "=0.52.0"
---
//! Prints the public API that is described by a file of rustdoc (`--output-format json`), without blanket,
//! automatic and derived implementations.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("a file is missing")?;
    let api = public_api::Builder::from_rustdoc_json(file)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    print!("{api}");
    Ok(())
}
