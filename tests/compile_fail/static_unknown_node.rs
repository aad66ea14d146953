use dgraph_exec::StaticDag;

static UNKNOWN: StaticDag<2, 1> = StaticDag::new([(0, 2)]);

fn main() {
    UNKNOWN.run(|_| {});
}
