//! Tokio: tasks own what they use, so what several need is shared; the order of the `await`s is found by
//! hand.

use super::{clean, dark, mean, peaks, raw};
use std::error::Error;
use std::sync::Arc;
use tokio::runtime::Runtime;

pub(super) fn count() -> Result<usize, Box<dyn Error>> {
    Runtime::new()?.block_on(async {
        let raw = tokio::spawn(async { Arc::new(raw()) });
        let dark = tokio::spawn(async { dark() });
        let raw = raw.await?;
        let mean = tokio::spawn({
            let raw = Arc::clone(&raw);
            async move { mean(&raw) }
        });
        let dark = dark.await?;
        let clean = tokio::spawn(async move { clean(&raw, &dark) });
        let (clean, mean) = (clean.await?, mean.await?);
        Ok(tokio::spawn(async move { peaks(&clean, &mean) }).await?)
    })
}
