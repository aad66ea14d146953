//! Frames of a game: states that systems read and change, loops on all threads, and a screen that only the
//! main thread may draw to.
//!
//! Run it: `cargo run --release -p dgraph-exec --example frame`. With names of files behind ` -- ` it also
//! draws one more frame, and writes there which thread ran what, as a picture; to one that ends in `.dot`,
//! the graph, for Graphviz.

#![forbid(unsafe_code)]

use dgraph_exec::{
    Executor, Graph, GraphBuilder, GraphError, Input, Recorder, RunError, RunOptions, State, Threads, threads,
};
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

const BODIES: usize = 20_000;
const FRAMES: u32 = 300;
const SUNS: [Point; 3] = [[-20.0, 0.0], [20.0, 10.0], [0.0, -20.0]];
/// Rows and columns of the screen.
const SIDE: usize = 100;

type Point = [f32; 2];

/// The graph of a frame, and what the game sets and looks at between frames.
struct Game {
    frame: Graph<'static>,
    seconds: Input<f32>,
    places: State<Vec<Point>>,
    counts: State<Counts>,
    screen: State<Vec<u32>>,
}

/// Over all frames.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    outside: usize,
    fast: usize,
}

impl Game {
    /// To be run by the thread that calls this.
    fn new() -> Result<Self, GraphError> {
        let mut graph = GraphBuilder::new();
        let seconds = graph.input::<f32>("seconds");
        let start = (0..BODIES).map(|body| [(body % 200) as f32 / 2.0 - 50.0, (body / 200) as f32 - 50.0]);
        let places = graph.state("places", start.collect());
        let speeds = graph.state("speeds", vec![[12.0, 0.0]; BODIES]);
        let counts = graph.state("counts", Counts::default());
        let screen = graph.state("screen", vec![0; SIDE * SIDE]);

        // Systems use a state in the order in which they are added here. Those that share none run at once.
        graph.try_node(
            "steer",
            (places.read(), speeds.write(), seconds, threads()),
            |places: &Vec<Point>, speeds: &mut Vec<Point>, seconds: &f32, threads: Threads<'_>| {
                threads.for_each(speeds, |body, speed| *speed = steered(places[body], *speed, *seconds))
            },
        );
        graph.try_node(
            "move",
            (places.write(), speeds.read(), seconds, threads()),
            |places: &mut Vec<Point>, speeds: &Vec<Point>, seconds: &f32, threads: Threads<'_>| {
                threads.for_each(places, |body, place| {
                    *place = [0, 1].map(|axis| place[axis] + speeds[body][axis] * seconds);
                })
            },
        );
        // Whichever of these two comes first: it doesn't matter.
        graph.node(
            "count outside",
            (places.read(), counts.commute()),
            |places: &Vec<Point>, counts: &mut Counts| {
                counts.outside += places.iter().filter(|[x, y]| x.abs().max(y.abs()) > 50.0).count();
            },
        );
        graph.node(
            "count fast",
            (speeds.read(), counts.commute()),
            |speeds: &Vec<Point>, counts: &mut Counts| {
                counts.fast += speeds.iter().filter(|[x, y]| x.hypot(*y) > 8.0).count();
            },
        );
        let main = thread::current().id();
        let draw = graph.node(
            "draw",
            (places.read(), screen.write()),
            move |places: &Vec<Point>, screen: &mut Vec<u32>| {
                assert_eq!(thread::current().id(), main, "as most window systems want it");
                draw(places, screen);
            },
        );
        graph.on_caller(draw);
        Ok(Self { frame: graph.build()?, seconds, places, counts, screen })
    }
}

/// What the suns make of a speed.
fn steered(place: Point, mut speed: Point, seconds: f32) -> Point {
    for sun in SUNS {
        let [x, y] = [0, 1].map(|axis| sun[axis] - place[axis]);
        let pull = 60.0 * seconds / (x * x + y * y + 25.0);
        speed = [speed[0] + pull * x, speed[1] + pull * y];
    }
    speed
}

/// Each body makes its place on the screen brighter.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is on the screen fits")]
fn draw(places: &[Point], screen: &mut [u32]) {
    screen.fill(0);
    for place in places {
        let [x, y] = place.map(|along| (along / 100.0 + 0.5) * SIDE as f32);
        if (0.0..SIDE as f32).contains(&x) && (0.0..SIDE as f32).contains(&y) {
            screen[y as usize * SIDE + x as usize] += 1;
        }
    }
}

/// Runs the game, with a frame as `run` says, and gives how long the longest took.
fn play(
    mut game: Game,
    mut run: impl FnMut(&mut Graph<'static>) -> Result<(), RunError>,
) -> Result<(Game, Duration), RunError> {
    let mut longest = Duration::ZERO;
    for _ in 0..FRAMES {
        let began = Instant::now();
        game.frame.set(game.seconds, 1.0 / 60.0);
        run(&mut game.frame)?;
        longest = longest.max(began.elapsed());
    }
    Ok((game, longest))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut game, longest) = play(Game::new()?, |frame| frame.run_parallel(Executor::global()).map(drop))?;
    let Counts { outside, fast } = game.frame.state(game.counts);
    let lit = game.frame.state(game.screen).iter().filter(|&&bodies| bodies > 0).count();
    println!(
        "{FRAMES} frames of {BODIES} bodies: {outside} times outside, {fast} times fast, {lit} pixels lit"
    );

    let (serial, longest_alone) = play(Game::new()?, |frame| frame.run().map(drop))?;
    assert_eq!(game.frame.state(game.places), serial.frame.state(serial.places));
    assert_eq!(game.frame.state(game.counts), serial.frame.state(serial.counts));
    assert_eq!(game.frame.state(game.screen), serial.frame.state(serial.screen));
    println!("on one thread the same; the longest frame took {longest:.1?}, there {longest_alone:.1?}");

    let files: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if !files.is_empty() {
        let recorder = Arc::new(Recorder::new());
        let options = RunOptions::new().observer(recorder.clone()).measure();
        game.frame.with(&options).run_parallel(Executor::global())?;
        for file in files {
            let picture = match file.extension() {
                Some(dot) if dot == "dot" => game.frame.dot().durations(&game.frame.durations()).to_string(),
                _ => recorder.trace().to_svg(1000).to_string(),
            };
            fs::write(file, picture)?;
        }
    }
    Ok(())
}
