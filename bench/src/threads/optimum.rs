//! Published optimal makespans of the Standard Task Graph Set.

use std::fs;
use std::path::{Path, PathBuf};

/// One graph's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Optimum {
    pub(super) file: PathBuf,
    /// Numbers of workers, and the length of the shortest schedule on them.
    pub(super) lengths: Vec<(usize, u64)>,
}

/// Reads `stg/optimal.tsv` in the folder of recorded graphs. No graphs if it isn't there.
pub(super) fn read(folder: &Path) -> Result<Vec<Optimum>, String> {
    let path = folder.join("stg/optimal.tsv");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(folder, &text).ok_or_else(|| format!("{}: not a table of optimal makespans", path.display()))
}

/// The first line names the columns: `file`, others, and for each number of workers one like `opt_m4`.
fn parse(folder: &Path, text: &str) -> Option<Vec<Optimum>> {
    let (header, lines) = text.split_once('\n')?;
    let workers: Vec<Option<usize>> =
        header.split('\t').map(|column| column.trim().strip_prefix("opt_m")?.parse().ok()).collect();
    let optimum = |line: &str| {
        let mut lengths = Vec::new();
        for (field, workers) in line.split('\t').zip(&workers) {
            if let Some(workers) = workers {
                lengths.push((*workers, field.trim().parse().ok()?));
            }
        }
        Some(Optimum { file: folder.join(line.split('\t').next()?), lengths })
    };
    lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(optimum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_by_name() {
        let text = "# file\tnodes\topt_m2\topt_m4\nstg/a.tsv\t52\t131\t66\n";
        let expected = Optimum { file: PathBuf::from("data/stg/a.tsv"), lengths: vec![(2, 131), (4, 66)] };
        assert_eq!(parse(Path::new("data"), text), Some(vec![expected]));
        assert_eq!(parse(Path::new("data"), "# file\topt_m2\na.tsv\tx\n"), None);
    }
}
