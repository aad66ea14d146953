//! Dictionaries with async functions among the others: what they are fed and give.

use crate::support::runner::{Runner, over_function_runners};
use dgraph_exec::create_graph;
use dgraph_tests::yields::yields;
use std::future::{Ready, poll_fn};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Poll, Waker};

over_function_runners!(
    three_functions,
    both_kinds_feed_each_other,
    no_parameters,
    arguments_come_as_listed,
    listed_twice_runs_once_and_feeds_twice,
    twelve_parameters,
    arguments_are_kept_while_it_waits,
    functions_wait_side_by_side,
    functions_that_give_futures,
);

fn three_functions(runner: &Runner) {
    async fn a() -> i32 {
        5
    }
    async fn b(x: &i32) -> i32 {
        yields(1).await;
        x + 10
    }
    async fn c(x: &i32, y: &i32) -> i32 {
        x + y + 20
    }
    let mut graph = create_graph! { c: [a, b], b: [a], a: [] }.expect("a valid graph");
    assert_eq!(graph.keys().iter().map(dgraph_exec::FnKey::name).collect::<Vec<_>>(), ["c", "b", "a"]);
    for _ in 0..3 {
        let results = runner.dictionary(&mut graph);
        assert_eq!((results.get(a), results.get(b), results.get(c)), (Some(&5), Some(&15), Some(&40)));
    }
}

fn both_kinds_feed_each_other(runner: &Runner) {
    fn number() -> u32 {
        7
    }
    async fn page(number: &u32) -> String {
        yields(1).await;
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
    let results = runner.dictionary(&mut graph);
    assert_eq!(results.get(report), Some(&Ok("page 7, 6, 7".to_string())));
    assert_eq!(results.get(unwrapped).map(Vec::as_slice), Some(b"page 7, 6, 7".as_slice()));
    assert_eq!((results.get(number), results.get(length)), (Some(&7), Some(&6)));
}

fn no_parameters(runner: &Runner) {
    async fn at_once() {}
    async fn later() -> [u8; 2] {
        yields(1).await;
        yields(1).await;
        [1, 2]
    }
    fn plain() -> char {
        'x'
    }
    let mut graph = create_graph! { at_once: [], later: [], plain: [] }.expect("a valid graph");
    let results = runner.dictionary(&mut graph);
    assert_eq!(
        (results.get(at_once), results.get(later), results.get(plain)),
        (Some(&()), Some(&[1, 2]), Some(&'x'))
    );
}

fn arguments_come_as_listed(runner: &Runner) {
    async fn x() -> String {
        yields(1).await;
        "x".into()
    }
    fn y(_: &String) -> String {
        "y".into()
    }
    async fn one(first: &String, second: &String) -> String {
        format!("{first}{second}")
    }
    async fn other(first: &String, second: &String) -> String {
        yields(1).await;
        format!("{first}{second}")
    }
    let mut graph = create_graph! { one: [x, y], other: [y, x], y: [x], x: [] }.expect("a valid graph");
    let results = runner.dictionary(&mut graph);
    assert_eq!(results.get(one).map(String::as_str), Some("xy"));
    assert_eq!(results.get(other).map(String::as_str), Some("yx"));
}

fn listed_twice_runs_once_and_feeds_twice(runner: &Runner) {
    fn calls() -> AtomicUsize {
        AtomicUsize::new(0)
    }
    async fn once(calls: &AtomicUsize) -> usize {
        yields(1).await;
        calls.fetch_add(1, Relaxed) + 7
    }
    async fn twice(left: &usize, right: &usize) -> (usize, bool) {
        (left * 10 + right, std::ptr::eq(left, right))
    }
    let mut graph = create_graph! { twice: [once, once], once: [calls], calls: [] }.expect("a valid graph");
    for _ in 0..2 {
        assert_eq!(runner.dictionary(&mut graph).get(twice), Some(&(77, true)));
        assert_eq!(graph.take(calls).map(AtomicUsize::into_inner), Some(1));
    }
}

fn twelve_parameters(runner: &Runner) {
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
        yields(1).await;
        [b, c, d, e, f, g, h, i, j, k, l].into_iter().fold(*a, |sum, bit| sum * 2 + bit - 1)
    }
    let mut graph = create_graph! {
        one: [],
        all: [one, two, one, two, two, one, one, one, one, two, one, two],
        two: [one],
    }
    .expect("a valid graph");
    assert_eq!(runner.dictionary(&mut graph).get(all), Some(&0b1101_1000_0101));
}

fn arguments_are_kept_while_it_waits(runner: &Runner) {
    async fn text() -> String {
        "lent".into()
    }
    async fn longest(text: &String) -> String {
        let word: &str = text;
        let mut longest = word;
        for at in 0..word.len() {
            yields(1).await;
            longest = if at == 1 { &word[1..] } else { longest };
        }
        longest.to_string()
    }
    let mut graph = create_graph! { longest: [text], text: [] }.expect("a valid graph");
    assert_eq!(runner.dictionary(&mut graph).get(longest).map(String::as_str), Some("ent"));
}

/// Two that wait for each other: neither could end alone.
fn functions_wait_side_by_side(runner: &Runner) {
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
        assert_eq!(runner.dictionary(&mut graph).get(both).map(String::as_str), Some("lr"));
    }
}

/// They need not be called `async`. Those that borrow their arguments, or can't be moved or shared, are taken
/// for async ones.
#[allow(clippy::manual_async_fn, reason = "that is the point")]
fn functions_that_give_futures(runner: &Runner) {
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
    let results = runner.dictionary(&mut graph);
    assert_eq!((results.get(opaque), results.get(borrowing)), (Some(&1), Some(&2)));
    assert_eq!((results.get(boxed), results.get(boxed_borrowing)), (Some(&3), Some(&4)));
    assert_eq!(results.get(awaited), Some(&6));
}
