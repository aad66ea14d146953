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

/// Reads `stg/optimal.tsv` in the folder of recorded graphs, without what `stg/unsolved.txt` names, if that
/// is there: nobody knows the optimum of these, and the table has a lower bound. No graphs if there is no
/// table.
pub(super) fn read(folder: &Path) -> Result<Vec<Optimum>, String> {
    let (table, unsolved) = (folder.join("stg/optimal.tsv"), folder.join("stg/unsolved.txt"));
    if !table.exists() {
        return Ok(Vec::new());
    }
    let refused = |path: &Path| format!("{}: not a table of optimal makespans", path.display());
    let mut optima = parse(folder, &text(&table)?).ok_or_else(|| refused(&table))?;
    if unsolved.exists() {
        let cells = cells(folder, &text(&unsolved)?).ok_or_else(|| refused(&unsolved))?;
        leave_out(&mut optima, &cells)
            .map_err(|cell| format!("{}: {cell} is not in the table", unsolved.display()))?;
    }
    Ok(optima)
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A file and a number of workers a line; what else stands there doesn't matter.
fn cells(folder: &Path, text: &str) -> Option<Vec<(PathBuf, usize)>> {
    let cell = |line: &str| {
        let mut fields = line.split('\t');
        Some((folder.join(fields.next()?), fields.next()?.trim().parse().ok()?))
    };
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(cell).collect()
}

/// Takes these cells out of the table. The first that isn't there is an error.
fn leave_out(optima: &mut [Optimum], cells: &[(PathBuf, usize)]) -> Result<(), String> {
    for (file, workers) in cells {
        let lengths =
            optima.iter_mut().find(|optimum| optimum.file == *file).map(|optimum| &mut optimum.lengths);
        let found = lengths.and_then(|lengths| {
            let at = lengths.iter().position(|(count, _)| count == workers)?;
            Some(lengths.remove(at))
        });
        if found.is_none() {
            return Err(format!("{} on {workers} workers", file.display()));
        }
    }
    Ok(())
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

    #[test]
    fn what_nobody_has_solved_is_left_out() {
        let folder = Path::new("data");
        let table = "# file\topt_m2\topt_m4\na.tsv\t131\t66\nb.tsv\t9\t8\n";
        let mut optima = parse(folder, table).expect("a table");
        let unsolved =
            cells(folder, "# not optima\na.tsv\t4\t66\t67\t-\nb.tsv\t2\t9\t10\t-\n").expect("cells");
        assert_eq!(leave_out(&mut optima, &unsolved), Ok(()));
        assert_eq!(optima.iter().map(|it| &it.lengths[..]).collect::<Vec<_>>(), [[(2, 131)], [(4, 8)]]);
        // Once more, so it isn't there.
        assert_eq!(
            leave_out(&mut optima, &unsolved),
            Err(format!("{} on 4 workers", folder.join("a.tsv").display()))
        );
        assert_eq!(cells(folder, "a.tsv\n"), None);
    }

    /// The recorded ones, where they are.
    #[test]
    fn recorded_optima_without_eight() {
        let Some(folder) = crate::graph::recorded() else { return };
        let optima = read(&folder).expect("a table");
        let cells: usize = optima.iter().map(|optimum| optimum.lengths.len()).sum();
        assert_eq!(cells, 4 * optima.len() - if folder.join("stg/unsolved.txt").exists() { 8 } else { 0 });
    }
}
