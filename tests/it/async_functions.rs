//! Dictionaries with async functions among the others: what they are fed and give, and how their runs end.

use crate::runner::{executor, over_all_runners};
use dgraph_exec::{
    CancelToken, Executor, FnGraph, FnResults, FnRunAsync, RunError, RunOptions, create_graph,
};
use std::future::{Ready, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

/// All ways to run a dictionary of functions.
enum Way {
    Serial,
    Parallel(Executor),
    Async,
    ParallelAsync(Executor),
}

impl Way {
    fn run<'g>(&self, graph: &'g mut FnGraph) -> FnResults<'g> {
        match self {
            Self::Serial => graph.run(),
            Self::Parallel(executor) => graph.run_parallel(executor),
            Self::Async => pollster::block_on(graph.run_async()),
            Self::ParallelAsync(executor) => pollster::block_on(graph.run_parallel_async(executor)),
        }
        .expect("no function fails")
    }

    fn run_with<'g>(&self, graph: &'g mut FnGraph, options: RunOptions) -> Result<FnResults<'g>, RunError> {
        match self {
            Self::Serial => graph.run_with(&options),
            Self::Parallel(executor) => graph.run_parallel_with(executor, &options),
            Self::Async => pollster::block_on(graph.run_async_with(options)),
            Self::ParallelAsync(executor) => {
                pollster::block_on(graph.run_parallel_async_with(executor, options))
            }
        }
    }
}

macro_rules! over_all_ways {
    ($($behaviour:ident),* $(,)?) => {
        over_all_runners!(@runner serial, crate::async_functions::Way::Serial, $($behaviour),*);
        over_all_runners!(@runner run_async, crate::async_functions::Way::Async, $($behaviour),*);
        over_all_ways!(@threads executor_of_one, run_async_on_one, 1, $($behaviour),*);
        over_all_ways!(@threads executor_of_two, run_async_on_two, 2, $($behaviour),*);
        over_all_ways!(@threads executor_of_five, run_async_on_five, 5, $($behaviour),*);
    };
    (@threads $blocking:ident, $future:ident, $threads:literal, $($behaviour:ident),*) => {
        over_all_runners!(
            @runner $blocking,
            crate::async_functions::Way::Parallel(crate::runner::executor($threads)),
            $($behaviour),*
        );
        over_all_runners!(
            @runner $future,
            crate::async_functions::Way::ParallelAsync(crate::runner::executor($threads)),
            $($behaviour),*
        );
    };
}

over_all_ways!(
    three_functions,
    both_kinds_feed_each_other,
    no_parameters,
    arguments_come_as_listed,
    listed_twice_runs_once_and_feeds_twice,
    twelve_parameters,
    arguments_are_kept_while_it_waits,
    functions_wait_side_by_side,
    functions_that_give_futures,
    results_move_out,
    a_panic,
    cancelled_before_it_begins,
);

/// Waits once, and is woken at once.
async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn three_functions(way: &Way) {
    async fn a() -> i32 {
        5
    }
    async fn b(x: &i32) -> i32 {
        pause().await;
        x + 10
    }
    async fn c(x: &i32, y: &i32) -> i32 {
        x + y + 20
    }
    let mut graph = create_graph! { c: [a, b], b: [a], a: [] }.expect("a valid graph");
    assert_eq!(graph.keys().iter().map(dgraph_exec::FnKey::name).collect::<Vec<_>>(), ["c", "b", "a"]);
    for _ in 0..3 {
        let results = way.run(&mut graph);
        assert_eq!((results.get(a), results.get(b), results.get(c)), (Some(&5), Some(&15), Some(&40)));
    }
}

fn both_kinds_feed_each_other(way: &Way) {
    fn number() -> u32 {
        7
    }
    async fn page(number: &u32) -> String {
        pause().await;
        format!("page {number}")
    }
    fn length(page: &String) -> usize {
        page.len()
    }
    async fn report(page: &String, length: &usize, number: &u32) -> Result<String, u8> {
        Ok(format!("{page}, {length}, {number}"))
    }
    fn unwrapped(report: &Result<String, u8>) -> Vec<u8> {
        report.clone().map(String::into_bytes).unwrap_or_default()
    }
    let mut graph = create_graph! {
        unwrapped: [report],
        report: [page, length, number],
        length: [page],
        page: [number],
        number: [],
    }
    .expect("a valid graph");
    let results = way.run(&mut graph);
    assert_eq!(results.get(report), Some(&Ok("page 7, 6, 7".to_string())));
    assert_eq!(results.get(unwrapped).map(Vec::as_slice), Some(b"page 7, 6, 7".as_slice()));
    assert_eq!((results.get(number), results.get(length)), (Some(&7), Some(&6)));
}

fn no_parameters(way: &Way) {
    async fn at_once() {}
    async fn later() -> [u8; 2] {
        pause().await;
        pause().await;
        [1, 2]
    }
    fn plain() -> char {
        'x'
    }
    let mut graph = create_graph! { at_once: [], later: [], plain: [] }.expect("a valid graph");
    let results = way.run(&mut graph);
    assert_eq!(
        (results.get(at_once), results.get(later), results.get(plain)),
        (Some(&()), Some(&[1, 2]), Some(&'x'))
    );
}

fn arguments_come_as_listed(way: &Way) {
    async fn x() -> String {
        pause().await;
        "x".into()
    }
    fn y(_: &String) -> String {
        "y".into()
    }
    async fn one(first: &String, second: &String) -> String {
        format!("{first}{second}")
    }
    async fn other(first: &String, second: &String) -> String {
        pause().await;
        format!("{first}{second}")
    }
    let mut graph = create_graph! { one: [x, y], other: [y, x], y: [x], x: [] }.expect("a valid graph");
    let results = way.run(&mut graph);
    assert_eq!(results.get(one).map(String::as_str), Some("xy"));
    assert_eq!(results.get(other).map(String::as_str), Some("yx"));
}

fn listed_twice_runs_once_and_feeds_twice(way: &Way) {
    fn calls() -> AtomicUsize {
        AtomicUsize::new(0)
    }
    async fn once(calls: &AtomicUsize) -> usize {
        pause().await;
        calls.fetch_add(1, Relaxed) + 7
    }
    async fn twice(left: &usize, right: &usize) -> (usize, bool) {
        (left * 10 + right, std::ptr::eq(left, right))
    }
    let mut graph = create_graph! { twice: [once, once], once: [calls], calls: [] }.expect("a valid graph");
    for _ in 0..2 {
        let mut results = way.run(&mut graph);
        assert_eq!(results.get(twice), Some(&(77, true)));
        assert_eq!(results.take(calls).map(AtomicUsize::into_inner), Some(1));
    }
}

fn twelve_parameters(way: &Way) {
    type R<'a> = &'a u16;
    async fn one() -> u16 {
        1
    }
    fn two(one: &u16) -> u16 {
        one + one
    }
    #[expect(clippy::too_many_arguments, reason = "that is the point")]
    async fn all(
        a: R<'_>,
        b: R<'_>,
        c: R<'_>,
        d: R<'_>,
        e: R<'_>,
        f: R<'_>,
        g: R<'_>,
        h: R<'_>,
        i: R<'_>,
        j: R<'_>,
        k: R<'_>,
        l: R<'_>,
    ) -> u16 {
        pause().await;
        [b, c, d, e, f, g, h, i, j, k, l].into_iter().fold(*a, |sum, bit| sum * 2 + bit - 1)
    }
    let mut graph = create_graph! {
        one: [],
        all: [one, two, one, two, two, one, one, one, one, two, one, two],
        two: [one],
    }
    .expect("a valid graph");
    assert_eq!(way.run(&mut graph).get(all), Some(&0b1101_1000_0101));
}

fn arguments_are_kept_while_it_waits(way: &Way) {
    async fn text() -> String {
        "lent".into()
    }
    async fn longest(text: &String) -> String {
        let word: &str = text;
        let mut longest = word;
        for at in 0..word.len() {
            pause().await;
            longest = if at == 1 { &word[1..] } else { longest };
        }
        longest.to_string()
    }
    let mut graph = create_graph! { longest: [text], text: [] }.expect("a valid graph");
    assert_eq!(way.run(&mut graph).get(longest).map(String::as_str), Some("ent"));
}

/// Two that wait for each other: neither could end alone.
fn functions_wait_side_by_side(way: &Way) {
    #[derive(Default)]
    struct Meeting(Mutex<(usize, Option<Waker>)>);
    impl Meeting {
        async fn arrive(&self) {
            let mut arrived = false;
            poll_fn(|context| {
                let mut state = self.0.lock().expect("nobody panics here");
                if !std::mem::replace(&mut arrived, true) {
                    state.0 += 1;
                }
                if state.0 == 2 {
                    state.1.take().into_iter().for_each(Waker::wake);
                    return Poll::Ready(());
                }
                state.1 = Some(context.waker().clone());
                Poll::Pending
            })
            .await;
        }
    }
    fn meeting() -> Meeting {
        Meeting::default()
    }
    async fn left(meeting: &Meeting) -> char {
        meeting.arrive().await;
        'l'
    }
    async fn right(meeting: &Meeting) -> char {
        meeting.arrive().await;
        'r'
    }
    fn both(left: &char, right: &char) -> String {
        [*left, *right].into_iter().collect()
    }
    let mut graph = create_graph! { both: [left, right], left: [meeting], right: [meeting], meeting: [] }
        .expect("a valid graph");
    for _ in 0..20 {
        assert_eq!(way.run(&mut graph).get(both).map(String::as_str), Some("lr"));
    }
}

/// They need not be called `async`. Those that borrow their arguments, or can't be moved or shared, are taken for async ones.
#[allow(clippy::manual_async_fn, reason = "that is the point")]
fn functions_that_give_futures(way: &Way) {
    type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

    fn opaque() -> impl Future<Output = u8> {
        async { 1 }
    }
    fn borrowing(one: &u8) -> impl Future<Output = u8> {
        async move { one + 1 }
    }
    fn boxed() -> Boxed<'static, u8> {
        Box::pin(async { 3 })
    }
    fn boxed_borrowing(three: &u8) -> Boxed<'_, u8> {
        Box::pin(async move { three + 1 })
    }
    /// A future as a result.
    struct Wrapped(Ready<u8>);
    fn wrapped(four: &u8) -> Wrapped {
        Wrapped(std::future::ready(four + 1))
    }
    async fn awaited(five: &Wrapped) -> u8 {
        five.0.clone().await + 1
    }
    let mut graph = create_graph! {
        opaque: [],
        borrowing: [opaque],
        boxed: [],
        boxed_borrowing: [boxed],
        wrapped: [boxed_borrowing],
        awaited: [wrapped],
    }
    .expect("a valid graph");
    let results = way.run(&mut graph);
    assert_eq!((results.get(opaque), results.get(borrowing)), (Some(&1), Some(&2)));
    assert_eq!((results.get(boxed), results.get(boxed_borrowing)), (Some(&3), Some(&4)));
    assert_eq!(results.get(awaited), Some(&6));
}

fn results_move_out(way: &Way) {
    async fn text() -> String {
        "moved".into()
    }
    async fn stranger() {}
    let mut graph = create_graph! { text: [] }.expect("a valid graph");
    let mut results = way.run(&mut graph);
    assert_eq!(results.take(text).as_deref(), Some("moved"));
    assert_eq!((results.take(text), results.get(text), results.get(stranger)), (None, None, None));
    assert_eq!(way.run(&mut graph).get(text).map(String::as_str), Some("moved"));
}

fn a_panic(way: &Way) {
    async fn first() -> u8 {
        1
    }
    async fn second(first: &u8) -> u8 {
        pause().await;
        assert!(*first > 1, "too small");
        2
    }
    async fn third(second: &u8) -> u8 {
        *second
    }
    let mut graph = create_graph! { third: [second], second: [first], first: [] }.expect("a valid graph");
    for _ in 0..2 {
        let thrown = catch_unwind(AssertUnwindSafe(|| way.run(&mut graph).get(third).copied()));
        assert_eq!(thrown.expect_err("it panics").downcast_ref(), Some(&"too small"));
        let error = way.run_with(&mut graph, RunOptions::new().catch_panics());
        assert_eq!(error.expect_err("it panics").to_string(), "panicked: second (too small)");
        let results = graph.results();
        assert_eq!((results.get(first), results.get(second), results.get(third)), (Some(&1), None, None));
    }
}

fn cancelled_before_it_begins(way: &Way) {
    async fn a() -> u8 {
        1
    }
    async fn b(a: &u8) -> u8 {
        *a
    }
    let mut graph = create_graph! { b: [a], a: [] }.expect("a valid graph");
    let token = CancelToken::new();
    token.cancel();
    let error = way.run_with(&mut graph, RunOptions::new().cancel_token(&token));
    assert_eq!(error.expect_err("cancelled").to_string(), "cancelled, 2 nodes did not run: b, a");
    assert_eq!(graph.results().get(a), None);
    assert_eq!(way.run(&mut graph).get(b), Some(&1));
}

#[test]
fn a_run_that_is_dropped_half_way() {
    static LIVE: AtomicUsize = AtomicUsize::new(0);
    static OPEN: AtomicBool = AtomicBool::new(false);

    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            LIVE.fetch_sub(1, Relaxed);
        }
    }
    fn before() -> u8 {
        1
    }
    async fn waits(before: &u8) -> u8 {
        LIVE.fetch_add(1, Relaxed);
        let _counted = Counted;
        poll_fn(|_| if OPEN.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }).await;
        before + 1
    }
    fn after(waits: &u8) -> u8 {
        waits + 1
    }
    fn begin<'g>(graph: &'g mut FnGraph, on: Option<&Executor>) -> FnRunAsync<'g> {
        match on {
            None => graph.run_async(),
            Some(executor) => graph.run_parallel_async(executor),
        }
    }
    let mut graph = create_graph! { after: [waits], waits: [before], before: [] }.expect("a valid graph");
    let executor = executor(2);
    for on in [None, Some(&executor)] {
        OPEN.store(false, Relaxed);
        drop(begin(&mut graph, on));
        assert_eq!(graph.results().get(before), None, "nothing happens before the first poll");
        {
            let mut run = pin!(begin(&mut graph, on));
            assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert_eq!(LIVE.load(Relaxed), 0, "what the future held is gone");
        assert_eq!(graph.results().get(after), None);
        OPEN.store(true, Relaxed);
        assert_eq!(
            pollster::block_on(begin(&mut graph, on)).expect("no function fails").get(after),
            Some(&3)
        );
        assert_eq!(LIVE.load(Relaxed), 0);
        graph.results().take(before);
    }
}

#[test]
fn runs_can_be_sent() {
    fn check<T: Send>() {}
    check::<FnRunAsync<'static>>();
    check::<FnResults<'static>>();
}

#[test]
fn what_a_run_says_of_itself() {
    async fn waits() {
        std::future::pending::<()>().await;
    }
    let mut graph = create_graph! { waits: [] }.expect("a valid graph");
    let mut run = pin!(graph.run_async());
    assert_eq!(format!("{run:?}"), r#"RunAsync { run: not begun, .. }"#);
    assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(format!("{run:?}"), r#"RunAsync { run: under way, .. }"#);
}
