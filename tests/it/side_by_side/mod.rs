//! One job written three times: README's typed example, the same with rayon's scopes, and with tokio's tasks.
//!
//! `raw` and `dark` come from somewhere; `mean` needs the first, `clean` both, `peaks` the latter two. Each
//! is to start as soon as it can.

mod dgraph;
mod in_a_node;
mod rayon;
mod tokio;

fn raw() -> Vec<u32> {
    (0..100).map(|sample| sample * 37 % 101).collect()
}

fn dark() -> u32 {
    3
}

fn mean(raw: &Vec<u32>) -> u32 {
    raw.iter().sum::<u32>() / u32::try_from(raw.len()).expect("small")
}

fn clean(raw: &Vec<u32>, dark: &u32) -> Vec<u32> {
    raw.iter().map(|sample| sample.saturating_sub(*dark)).collect()
}

fn peaks(clean: &Vec<u32>, mean: &u32) -> usize {
    clean.iter().filter(|sample| *sample > mean).count()
}

#[test]
fn all_three_agree() {
    let expected = peaks(&clean(&raw(), &dark()), &mean(&raw()));
    for _ in 0..20 {
        assert_eq!(dgraph::count().expect("no node fails"), expected);
        assert_eq!(rayon::count(), expected);
        assert_eq!(tokio::count().expect("no task fails"), expected);
    }
}

/// What the reader has to read: everything but comments, `use` lines and white space.
#[test]
fn the_typed_graph_is_the_shortest() {
    let length = |source: &str| {
        let lines =
            source.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.starts_with("use "));
        lines.map(|line| line.split_whitespace().map(str::len).sum::<usize>()).sum::<usize>()
    };
    let [ours, rayon, tokio] =
        [include_str!("dgraph.rs"), include_str!("rayon.rs"), include_str!("tokio.rs")].map(length);
    assert!(ours < rayon && ours < tokio, "{ours} {rayon} {tokio}");
}
