//! A frame of a game as a graph: what moves, what is seen and what is drawn, a thousand times over.
//!
//! Run it: `cargo run --release -p dgraph-exec --example frame`

#![forbid(unsafe_code)]

use dgraph_exec::{Executor, GraphBuilder};
use std::error::Error;

/// Places and speeds.
struct World {
    bodies: Vec<(f64, f64)>,
}

/// Both places and speeds, a little later.
fn step(world: &World, seconds: &f64) -> World {
    let bodies = world.bodies.iter().map(|&(place, speed)| (place + speed * seconds, speed));
    World { bodies: bodies.collect() }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut graph = GraphBuilder::new();
    // Set for each frame.
    let world = graph.input::<World>("world");
    let seconds = graph.input::<f64>("seconds");
    // Results are lent to whoever depends on them.
    let moved = graph.node("move", (world, seconds), step);
    let seen = graph.node("see", (moved,), |world: &World| {
        let places = world.bodies.iter().map(|&(place, _)| place);
        places.filter(|place| (0.0..100.0).contains(place)).collect::<Vec<_>>()
    });
    let fastest = graph.node("hear", (moved,), |world: &World| {
        world.bodies.iter().map(|&(_, speed)| speed.abs()).fold(0.0, f64::max)
    });
    // A node may fail, and keep something from frame to frame.
    let mut drawn = 0_u64;
    let draw = graph.try_node("draw", (seen, fastest), move |seen: &Vec<f64>, fastest: &f64| {
        if *fastest > 1e6 {
            return Err("too fast to be drawn");
        }
        drawn += seen.len() as u64;
        Ok(drawn)
    });
    let mut graph = graph.build()?;

    let executor = Executor::builder().threads(2).build()?;
    let bodies = (0..100).map(|body| (f64::from(body), f64::from(body % 7) - 3.0));
    let mut now = World { bodies: bodies.collect() };
    let mut total = 0;
    for _ in 0..1_000 {
        graph.set(world, now);
        graph.set(seconds, 1.0 / 60.0);
        total = graph.run_parallel(&executor)?[draw];
        now = graph.take(moved)?; // where the next frame begins
    }
    println!("1,000 frames, {total} bodies drawn");

    // What goes wrong is told with the node's name; what doesn't depend on it can be had.
    graph.set(world, World { bodies: vec![(0.0, 1e9)] });
    let error = graph.run().unwrap_err();
    println!("then: {error} ({})", error.failures()[0].error());
    assert_eq!(graph.results()[fastest], 1e9);
    Ok(())
}
