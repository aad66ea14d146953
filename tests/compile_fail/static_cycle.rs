use dgraph_exec::StaticDag;

static CYCLE: StaticDag<4, 4> = StaticDag::new([(0, 1), (1, 2), (2, 3), (3, 1)]);

fn main() {
    CYCLE.run(|_| {});
}
