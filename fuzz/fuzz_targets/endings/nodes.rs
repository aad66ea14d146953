//! The graphs of the plan, with what their nodes do.

use crate::plan::{Act, Course, Destructor, Edge, Edges, Ends, How, Kind, Owner, Pause, Place, Spec, Tree};
use crate::timer::{Gate, open_after, wake_late};
use crate::values::{Home, Value, destroy};
use crate::world::{self, Within, lock};
use crate::{PLANNED, demand, runs};
use dgraph_exec::{Graph, GraphBuilder, Input, Node, Results, RunError, RunOptions, Values};
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};

pub(crate) struct Built {
    pub(crate) graph: Graph<'static>,
    pub(crate) input: Option<Input<Value>>,
    /// With their numbers, and whether they are moved into others.
    pub(crate) nodes: Arc<[(Node<Value>, usize, bool)]>,
}

/// The outcome of a run within a node.
type Outcome = Result<(), &'static str>;

/// Raises a planned panic. It is resumed, not raised: libFuzzer's panic hook would end the process.
pub(crate) fn throw(home: &Home) -> ! {
    home.world.any_panic.store(true, SeqCst);
    resume_unwind(Box::new(PLANNED))
}

/// Reaches a tree in the plan, which lasts as long as the world.
#[derive(Clone)]
pub(crate) struct Path {
    pub(crate) home: Home,
    /// The run, and then the nodes through which one comes to the tree.
    steps: Vec<usize>,
}

impl Path {
    pub(crate) fn new(home: Home, run: usize) -> Self {
        Self { home, steps: vec![run] }
    }

    fn into_node(&self, node: usize) -> Self {
        let mut steps = self.steps.clone();
        steps.push(node);
        Self { home: self.home.clone(), steps }
    }

    fn tree(&self) -> &Tree {
        let mut tree = &self.home.world.plan.runs[self.steps[0]].tree;
        for &step in &self.steps[1..] {
            let (Kind::Graph(inner, _) | Kind::Runs(inner, ..) | Kind::Awaits(inner, ..)) =
                &tree.nodes[step].kind
            else {
                unreachable!("no graph there")
            };
            tree = inner;
        }
        tree
    }
}

/// Makes the graph. `threads` is the number of workers of its executor.
fn build(path: &Path, threads: usize) -> Built {
    let tree = path.tree();
    let mut graph = GraphBuilder::new();
    let input = tree.input.then(|| graph.input::<Value>("input"));
    let limit = graph.limit(tree.permits);
    // The nodes of each row.
    let mut rows = Vec::<Vec<Node<Value>>>::new();
    let mut all = Vec::new();
    let mut moved = Vec::new();
    for (index, spec) in tree.nodes.iter().enumerate() {
        let mut fed = Vec::new();
        let mut taken = None;
        let mut ordering = Vec::new();
        for &(before, edge) in &spec.after {
            match edge {
                Edge::Feeds => fed.extend_from_slice(&rows[before]),
                Edge::Moves if taken.is_none() && can_take(spec) => {
                    moved.push(rows[before][0]);
                    taken = Some(rows[before][0]);
                }
                Edge::Moves | Edge::Orders => ordering.extend_from_slice(&rows[before]),
            }
        }
        if taken.is_some() {
            ordering.append(&mut fed); // in one go it takes, or it is fed
        }
        let row = add(&mut graph, path, index, input, threads, fed, taken, &mut ordering);
        for (id, &node) in (spec.id..).zip(&row) {
            graph.after(node, ordering.iter().copied());
            match spec.place {
                Some(Place::Caller) => graph.on_caller(node),
                Some(Place::Worker(worker)) => graph.on_worker(node, worker % threads),
                None => {}
            }
            if spec.limited {
                graph.limited(node, limit);
            }
            if spec.priority != 0 {
                graph.priority(node, spec.priority.into());
            }
            all.push((node, id));
        }
        rows.push(row);
    }
    let nodes = all.into_iter().map(|(node, id)| (node, id, moved.contains(&node))).collect();
    Built { graph: graph.build().expect("earlier nodes only"), input, nodes }
}

/// Builds a graph that is run by itself, with its input set.
pub(crate) fn build_to_run(path: &Path, threads: usize) -> Built {
    let mut built = build(path, threads);
    if let Some(input) = built.input {
        built.graph.set(input, Value::new(&path.home, usize::MAX, Destructor::Nothing));
    }
    built
}

fn can_take(spec: &Spec) -> bool {
    matches!(spec.kind, Kind::Plain | Kind::Async(..) | Kind::Graph(..))
}

#[allow(clippy::too_many_arguments, reason = "a part of `build`")]
fn add(
    graph: &mut GraphBuilder<'static>,
    path: &Path,
    index: usize,
    input: Option<Input<Value>>,
    threads: usize,
    fed: Vec<Node<Value>>,
    taken: Option<Node<Value>>,
    ordering: &mut Vec<Node<Value>>,
) -> Vec<Node<Value>> {
    let spec = &path.tree().nodes[index];
    let body = Body { path: path.clone(), index, id: spec.id };
    let name = format!("{}", spec.id);
    vec![match &spec.kind {
        Kind::Row(length) => {
            return (0..*length)
                .map(|more| {
                    let body = Body { id: spec.id + more, ..body.clone() };
                    let Spec { course, ends, value, .. } = *spec;
                    graph.try_node("", fed.clone(), move |fed: Values<'_, Value>| {
                        fed.iter().for_each(|fed| _ = fed.check());
                        body.run_tiny(course, ends, value)
                    })
                })
                .collect();
        }
        Kind::ReadsInput if input.is_some() => {
            ordering.extend(fed);
            let input = input.expect("there is one");
            graph.try_node(name, (input,), move |input: &Value| {
                demand!(input.check() == usize::MAX, "another value as the input");
                body.run()
            })
        }
        Kind::Plain | Kind::ReadsInput => match taken {
            Some(taken) => graph.try_node(name, (taken.moved(),), move |taken: Value| {
                taken.check();
                let given = body.run();
                drop(taken);
                given
            }),
            None => graph.try_node(name, fed, move |fed: Values<'_, Value>| {
                fed.iter().for_each(|fed| _ = fed.check());
                body.run()
            }),
        },
        Kind::Async(..) => match taken {
            Some(taken) => graph.try_async_node(name, (taken.moved(),), move |taken: Value| {
                let (held, future) = body.wait();
                Holding { future: Box::pin(future), kept: (held, taken) }
            }),
            None => graph.try_async_node(name, fed, fed_while(move || body.wait())),
        },
        Kind::Graph(_, edges) => {
            let inner = build(&path.into_node(index), threads);
            let (before, edges) = (body.clone(), *edges);
            let (input, nodes) = (inner.input, inner.nodes);
            let read = move |inner: &mut Graph<'_>| body.read_outputs(edges, &inner.results(), &nodes);
            match (taken, &fed[..]) {
                (Some(taken), _) => {
                    let set = move |graph: &mut Graph<'_>, taken: Value| {
                        taken.check();
                        before.set_inputs(edges, graph, input);
                    };
                    graph.graph(name, (taken.moved(),), inner.graph, set, read)
                }
                (None, &[fed]) => {
                    let set = move |graph: &mut Graph<'_>, fed: &Value| {
                        fed.check();
                        before.set_inputs(edges, graph, input);
                    };
                    graph.graph(name, (fed,), inner.graph, set, read)
                }
                (None, _) => {
                    ordering.extend(fed);
                    let set = move |graph: &mut Graph<'_>| before.set_inputs(edges, graph, input);
                    graph.graph(name, (), inner.graph, set, read)
                }
            }
        }
        Kind::Runs(..) => graph.try_node(name, fed, move |fed: Values<'_, Value>| {
            fed.iter().for_each(|fed| _ = fed.check());
            body.run_within()
        }),
        Kind::Awaits(..) => graph.try_async_node(name, fed, fed_while(move || body.await_within())),
    }]
}

type Given = Result<Value, &'static str>;

/// What a future does, and what it holds on to until it is dropped itself, also when it is done. By hand: if
/// a destructor panics at the end of an async block, what the block gives is leaked (rust-lang/rust#47949).
struct Holding<K> {
    future: Pin<Box<dyn Future<Output = Given> + Send>>,
    kept: K,
}

impl<K: Kept> Future for Holding<K> {
    type Output = Given;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Given> {
        let Self { future, kept } = self.get_mut();
        kept.check();
        let polled = future.as_mut().poll(context);
        kept.check();
        polled
    }
}

/// What is looked at in each poll.
trait Kept: Unpin {
    fn check(&self);
}

impl Kept for (ArrivalBuffer, Value) {
    fn check(&self) {
        self.1.check();
    }
}

impl Kept for (ArrivalBuffer, Values<'_, Value>) {
    fn check(&self) {
        self.1.iter().for_each(|fed| _ = fed.check());
    }
}

/// The closure of a future that is fed this.
fn fed_while<F>(
    mut wait: impl FnMut() -> (ArrivalBuffer, F) + Send,
) -> impl for<'a> FnMut(Values<'a, Value>) -> Holding<(ArrivalBuffer, Values<'a, Value>)> + Send
where
    F: Future<Output = Given> + Send + 'static,
{
    move |fed| {
        let (held, future) = wait();
        Holding { future: Box::pin(future), kept: (held, fed) }
    }
}

/// What a node does.
#[derive(Clone)]
struct Body {
    path: Path,
    index: usize,
    id: usize,
}

impl Body {
    fn home(&self) -> &Home {
        &self.path.home
    }

    fn stage(&self) -> &world::Stage {
        &self.home().world.stages[self.id]
    }

    fn spec(&self) -> &Spec {
        &self.path.tree().nodes[self.index]
    }

    /// Nothing of a run that is over runs.
    fn check_is_under_way(&self) -> Within {
        let home = self.home();
        demand!(!home.world.scopes[home.scope].over.load(SeqCst), "node {} runs after the end", self.id);
        home.within()
    }

    fn start(&self) -> Within {
        let within = self.check_is_under_way();
        let world = &self.home().world;
        let before = world.stages[self.id].started.fetch_add(1, SeqCst);
        demand!(before == 0, "node {} starts twice in a run", self.id);
        if world.is_armed() {
            world.jitter(self.id);
        }
        within
    }

    /// `Err`: it is to fail.
    fn go(&self, course: Course, ends: Ends) -> Outcome {
        let world = &self.home().world;
        if !world.is_armed() {
            return Ok(());
        }
        world.wait(course.before);
        world.act(course.act);
        world.wait(course.behind);
        match ends {
            Ends::Well => Ok(()),
            Ends::Fails => self.fail(),
            Ends::Panics => {
                self.stops();
                throw(self.home())
            }
        }
    }

    /// The node fails or panics, and stops its run, if that is not one within a node.
    fn stops(&self) {
        let Home { world, scope, place, .. } = self.home();
        if *scope == place.run {
            world.stopped[place.run].store(true, SeqCst);
        }
    }

    fn fail(&self) -> Outcome {
        let Home { world, place, .. } = self.home();
        if !world.plan.runs[place.run].keep_going {
            self.stops();
        }
        self.home().world.any_failure.store(true, SeqCst);
        Err(PLANNED)
    }

    fn give(&self) -> Value {
        demand!(!self.stage().gave.swap(true, SeqCst), "node {} gives twice", self.id);
        Value::new(self.home(), self.id, self.spec().value)
    }

    fn run(&self) -> Given {
        let _within = self.start();
        let Spec { course, ends, .. } = *self.spec();
        self.go(course, ends)?;
        Ok(self.give())
    }

    /// Without looking anything up: the executor is to find that it takes next to no time, and walk through
    /// the graph.
    fn run_tiny(&self, course: Course, ends: Ends, destructor: Destructor) -> Given {
        let within = self.start();
        self.go(course, ends)?;
        demand!(!self.stage().gave.swap(true, SeqCst), "node {} gives twice", self.id);
        drop(within);
        Ok(Value::tiny(self.home(), self.id, destructor))
    }

    fn set_inputs(&self, edges: Edges, graph: &mut Graph<'_>, input: Option<Input<Value>>) {
        let _within = self.start();
        let (course, ends) = edges.set_inputs;
        // It can't fail, but it can leave the input as it is.
        let leaves = ends == Ends::Fails && self.home().world.is_armed();
        if let Some(input) = input {
            if !leaves {
                drop(graph.set(input, Value::new(self.home(), usize::MAX, Destructor::Nothing)));
            } else if graph.results().why_absent(input).is_some() {
                let _fails = self.fail();
            }
        }
        let ends = if leaves { Ends::Well } else { ends };
        let _well = self.go(course, ends);
    }

    fn read_outputs(
        &self,
        edges: Edges,
        results: &Results<'_>,
        nodes: &[(Node<Value>, usize, bool)],
    ) -> Value {
        let _within = self.check_is_under_way();
        check_all(results, nodes);
        let (course, ends) = edges.read_outputs;
        if self.go(course, ends).is_err() {
            throw(self.home()); // it can't fail
        }
        self.give()
    }

    /// What its future does. It has started now.
    fn wait(&self) -> (ArrivalBuffer, impl Future<Output = Given> + Send + use<>) {
        let Kind::Async(_, destructor) = self.spec().kind else { unreachable!("a future") };
        let held = ArrivalBuffer::new(self, destructor);
        drop(self.start());
        let body = self.clone();
        (held, async move {
            let Kind::Async(pauses, _) = &body.spec().kind else { unreachable!("a future") };
            if body.home().world.is_armed() {
                for &pause in pauses {
                    body.pause(pause).await;
                }
            }
            let _within = body.check_is_under_way();
            let Spec { course, ends, .. } = *body.spec();
            body.go(course, ends)?;
            Ok(body.give())
        })
    }

    async fn pause(&self, pause: Pause) {
        let world = &self.home().world;
        let act = |act: Act| {
            let _within = self.check_is_under_way();
            world.act(act);
        };
        let mut before = true;
        let gate = Arc::<Gate>::default();
        poll_fn(|context: &mut Context<'_>| {
            let first = std::mem::take(&mut before);
            let _within = self.check_is_under_way();
            match pause {
                Pause::WakesItself(does) | Pause::Lingers(does) if first => {
                    if matches!(pause, Pause::Lingers(_)) {
                        wake_late(context.waker().clone());
                    }
                    context.waker().wake_by_ref();
                    act(does);
                    Poll::Pending
                }
                Pause::WakesItself(_) | Pause::Lingers(_) => Poll::Ready(()),
                Pause::Elsewhere(micros, does) => {
                    if first {
                        open_after(micros.into(), &gate);
                        act(does);
                    }
                    gate.pass(context)
                }
                Pause::Forever(does) if self.home().scope == self.home().place.run => {
                    if first {
                        let gate = Arc::clone(&gate);
                        lock(&world.unless_stopped).push((self.home().place.run, gate));
                        act(does);
                    }
                    gate.pass(context)
                }
                Pause::Gate(does) | Pause::Forever(does) => {
                    if first {
                        lock(&world.gates).push(Arc::clone(&gate));
                        open_after(30_000, &gate); // however it stands with whoever is to open it
                        act(does);
                    }
                    gate.pass(context)
                }
            }
        })
        .await;
    }

    /// The graph that it runs, and how.
    fn inner(&self) -> Inner {
        let spec = self.spec();
        let (Kind::Runs(_, on, within) | Kind::Awaits(_, on, within)) = &spec.kind else {
            unreachable!("it runs a graph")
        };
        let mut path = self.path.into_node(self.index);
        path.home.scope = within.scope;
        path.home.place = world::Place { run: self.home().place.run, executor: *on };
        if matches!(spec.kind, Kind::Runs(..)) {
            path.home.blocks = path.home.blocks.max(Some(self.home().place.executor));
        }
        let world = &self.home().world;
        let built = build_to_run(&path, world.plan.executors[*on].number);
        let mut options = RunOptions::new();
        if let Some(token) = within.inherits_token {
            options = options.cancel_token(&world.tokens[token]);
        }
        // What is ended would wait for a node that waits for the thread that ends it.
        let how = match within.how {
            How::Spawn(_) | How::ParallelAsync(_) if world.plan.binds => How::Parallel,
            how => how,
        };
        world.begin(within.scope, self.home().place.run);
        Inner { built, options, how, home: path.home, later: *on > self.home().place.executor }
    }

    fn run_within(&self) -> Given {
        let _within = self.start();
        if self.home().world.is_armed() {
            let inner = self.inner();
            let over = world::Over(&self.home().world, inner.home.scope);
            let ended = inner.run();
            drop(over);
            self.ended(ended)?;
        }
        let Spec { course, ends, .. } = *self.spec();
        self.go(course, ends)?;
        Ok(self.give())
    }

    fn await_within(&self) -> (ArrivalBuffer, impl Future<Output = Given> + Send + use<>) {
        let held = ArrivalBuffer::new(self, Destructor::Nothing);
        drop(self.start());
        let body = self.clone();
        (held, async move {
            if body.home().world.is_armed() {
                let within = body.check_is_under_way();
                let inner = body.inner();
                drop(within);
                let over = world::Over(&body.home().world, inner.home.scope);
                let ended = inner.wait().await;
                drop(over);
                body.ended(ended)?;
            }
            let _within = body.check_is_under_way();
            let Spec { course, ends, .. } = *body.spec();
            body.go(course, ends)?;
            Ok(body.give())
        })
    }

    fn ended(&self, ended: Option<Result<(), RunError>>) -> Outcome {
        match ended {
            Some(Err(error)) => {
                runs::check_error(&self.home().world, &error);
                self.fail()
            }
            Some(Ok(())) | None => Ok(()),
        }
    }
}

/// All nodes have given a value, and it is theirs; or it was moved.
pub(crate) fn check_all(results: &Results<'_>, nodes: &[(Node<Value>, usize, bool)]) {
    for &(node, id, moved) in nodes {
        match results.get(node) {
            Ok(value) => value.check_is_of(id),
            Err(absent) => demand!(moved, "all is well, but node {id} {absent}"),
        }
    }
}

/// What a future holds on to until it is dropped.
struct ArrivalBuffer(Body, Destructor);

impl ArrivalBuffer {
    fn new(body: &Body, destructor: Destructor) -> Self {
        let home = body.home();
        home.world.scopes[home.scope].alive.fetch_add(1, SeqCst);
        Self(body.clone(), destructor)
    }
}

impl Drop for ArrivalBuffer {
    fn drop(&mut self) {
        let home = self.0.home();
        let scope = &home.world.scopes[home.scope];
        demand!(!scope.over.load(SeqCst), "the future of node {} outlives its run", self.0.id);
        scope.alive.fetch_sub(1, SeqCst);
        destroy(home, self.1);
    }
}

/// A graph that a node runs.
struct Inner {
    built: Built,
    options: RunOptions,
    how: How,
    home: Home,
    /// It is on a later executor, so that its end can be waited for.
    later: bool,
}

impl Inner {
    /// `None`: nobody knows. What is returned is there before anything is dropped: see `Holding`.
    fn run(self) -> Option<Result<(), RunError>> {
        let Self { built, options, how, home, later } = self;
        let mut built = Some(built);
        let run = |built: &mut Option<Built>, run: &dyn Fn(&mut Graph<'static>) -> Result<(), RunError>| {
            Some(runs::checked(built.as_mut().expect("a graph"), run))
        };
        let executor = home.world.hosts[home.place.executor].lend().filter(|_| how != How::Serial);
        let ended = match (how, executor) {
            (How::Serial, _) | (_, None) => run(&mut built, &|graph| graph.with(&options).run().map(drop)),
            (How::Async(owner), Some(_)) => runs::run_within(&home, &mut built, owner, None, options),
            // To be awaited it must be on a later executor: on the same one all workers could wait for each
            // other.
            (How::ParallelAsync(owner), executor)
                if later || !matches!(owner, Owner::Awaits | Owner::Cancels(_)) =>
            {
                runs::run_within(&home, &mut built, owner, executor, options)
            }
            (How::Parallel | How::ParallelAsync(_), Some(executor)) => {
                run(&mut built, &|graph| graph.with(&options).run_parallel(&executor).map(drop))
            }
            (How::Spawn(owner), Some(executor)) => {
                let Built { graph, input, nodes } = built.take().expect("a graph");
                let spawned = graph.into_with(&options).spawn(&executor);
                drop(executor);
                match owner {
                    Owner::Awaits | Owner::Cancels(_) if later => {
                        let (graph, ended) = spawned.join();
                        let built = built.insert(Built { graph, input, nodes });
                        Some(runs::checked(built, |_| ended))
                    }
                    Owner::Forgets(_) if runs::may_forget(&home) => {
                        home.world.scopes[home.scope].forgotten.store(true, SeqCst);
                        world::forget(spawned);
                        None
                    }
                    _ => {
                        drop(spawned);
                        None
                    }
                }
            }
        };
        drop(built);
        ended
    }

    async fn wait(self) -> Option<Result<(), RunError>> {
        let Self { mut built, options, how, home, .. } = self;
        let host = &home.world.hosts[home.place.executor];
        // A thread that blocks for a future that waits for another run is as one that waits for that run.
        let may_wait = home.blocks.is_none_or(|blocks| home.place.executor > blocks);
        let executor = host.lend().filter(|_| may_wait);
        let ended = match (how, executor) {
            (How::Spawn(_), Some(executor)) => {
                let Built { graph, input, nodes } = built;
                let spawned = graph.into_with(&options).spawn(&executor);
                drop(executor);
                let (graph, ended) = spawned.await;
                built = Built { graph, input, nodes };
                runs::checked(&mut built, |_| ended)
            }
            (How::Parallel | How::ParallelAsync(_), Some(executor)) if !home.world.plan.binds => {
                let run = built.graph.with(&options).run_parallel_async(&executor);
                drop(executor);
                let ended = run.await.map(drop);
                runs::checked(&mut built, |_| ended)
            }
            (_, executor) => {
                drop(executor); // a future that is forgotten would keep it
                let ended = built.graph.with(&options).run_async().await.map(drop);
                runs::checked(&mut built, |_| ended)
            }
        };
        drop(built); // not at the end: see `Holding`
        Some(ended)
    }
}
