//! Closures, results and futures without size, and with a page for each.

use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{DefinitionBuilder, GraphBuilder, MovedValues, NoResult, Node, RunOptions, Values};
use dgraph_tests::yields::yields;
use std::ptr;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

over_typed_runners!(values_without_size, a_page_each, futures_of_a_page);

/// One test at a time: what has no size can't say to which it belongs.
static ALONE: Mutex<()> = Mutex::new(());
static ALIVE: AtomicIsize = AtomicIsize::new(0);

/// Has no size and a destructor, and is aligned as a page is.
#[repr(align(4096))]
struct Nothing;

impl Nothing {
    fn new() -> Self {
        ALIVE.fetch_add(1, Relaxed);
        Self
    }

    fn look(&self) {
        assert!(ptr::from_ref(self).is_aligned() && size_of::<Self>() == 0);
        assert!(ALIVE.load(Relaxed) > 0);
    }
}

impl Drop for Nothing {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
    }
}

#[repr(align(4096))]
struct Page(Counted);

impl Page {
    fn look(&self) -> u64 {
        assert!(ptr::from_ref(self).is_aligned());
        self.0.get()
    }
}

/// They are lent, moved one by one and as a list, dropped early, given from outside and kept: each is dropped
/// once.
fn values_without_size(runner: &Runner) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut graph = GraphBuilder::new();
    let input = graph.input::<Nothing>("input");
    let owned = Nothing::new();
    let lent = graph.node("lent", input, move |input: &Nothing| {
        owned.look();
        input.look();
        Nothing::new()
    });
    let row: Vec<Node<Nothing>> = (0..100)
        .map(|_| {
            graph.node("", lent, |lent: &Nothing| {
                lent.look();
                Nothing::new()
            })
        })
        .collect();
    let early = graph.node("early", &row[..50], |all: Values<'_, Nothing>| {
        all.iter().for_each(Nothing::look);
        Nothing::new()
    });
    let user = graph.node("user", early, Nothing::look);
    graph.drop_early(early);
    let moved: Vec<_> = row[50..].iter().map(|node| node.moved()).collect();
    let taker = graph.node("taker", moved, |mut all: MovedValues<'_, Nothing>| {
        all.next().expect("the first").look();
        all.next_back().expect("the last").look();
        all.next().expect("the second")
    });
    let waits = graph.async_node("waits", (taker.moved(), lent), async |taken: Nothing, lent: &Nothing| {
        yields(2).await;
        taken.look();
        lent.look();
        taken
    });
    graph.after(waits, user);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        drop(graph.set(input, Nothing::new()));
        runner.typed(&mut graph)[waits].look();
        // The closure's, the input, `lent`, the first half of the row, and what waited.
        assert_eq!(ALIVE.load(Relaxed), 1 + 1 + 1 + 50 + 1);
        assert_eq!(graph.result(early).err(), Some(NoResult::Dropped));
        assert!(matches!(graph.result(row[99]), Err(NoResult::Moved { .. })));
        drop(graph.take(row[3]));
        drop(graph.set_result(row[7], Nothing::new()));
        let update = RunOptions::new().update();
        runner.typed_with(&mut graph, &update).expect("no node fails")[waits].look();
        assert_eq!(ALIVE.load(Relaxed), 1 + 1 + 1 + 50 + 1);
    }
    drop(graph);
    assert_eq!(ALIVE.load(Relaxed), 0);
}

fn a_page_each(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let small = graph.node("small", (), || 1_u8);
    let row: Vec<Node<Page>> = (0..40)
        .map(|number| {
            let (page, make) = (Page(counter.make(number)), counter.clone());
            graph.node("", small, move |small: &u8| Page(make.make(page.look() + u64::from(*small))))
        })
        .collect();
    row[..20].iter().for_each(|&page| graph.drop_early(page));
    let lent =
        graph.node("lent", &row[..20], |all: Values<'_, Page>| all.iter().map(Page::look).sum::<u64>());
    let moved: Vec<_> = row[20..].iter().map(|page| page.moved()).collect();
    let sum = graph.node("sum", (moved, lent), |all: MovedValues<'_, Page>, lent: &u64| {
        all.map(|page| page.look()).sum::<u64>() + lent
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        assert_eq!(runner.typed(&mut graph)[sum], (1..=40).sum::<u64>());
        assert_eq!(counter.alive(), 40, "those of the closures");
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// Each run of a definition has memory of its own, aligned as the first one's.
fn futures_of_a_page(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = DefinitionBuilder::new();
    let input = graph.input::<u8>("input");
    let nodes: Vec<Node<Page>> = (0..8)
        .map(|number| {
            let counter = counter.clone();
            graph.async_node("", input, move |input: &u8| {
                let page = Page(counter.make(number + u64::from(*input)));
                async move {
                    page.look();
                    yields(u32::try_from(number % 3).expect("small")).await;
                    page.look();
                    page
                }
            })
        })
        .collect();
    let sum = graph.node("sum", &nodes, |all: Values<'_, Page>| all.iter().map(Page::look).sum::<u64>());
    let definition = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let (mut one, mut two) = (definition.instance(), definition.instance());
        for (instance, value) in [(&mut one, 1), (&mut two, 2)] {
            instance.set(input, value);
            assert_eq!(runner.typed(instance)[sum], 28 + 8 * u64::from(value));
        }
        assert_eq!(counter.alive(), 16);
    }
    assert_eq!(counter.alive(), 0);
}
