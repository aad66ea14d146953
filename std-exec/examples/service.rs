//! A service: each request is a run of one graph, up to a thousand at once, with retries, deadlines, clients
//! that go away, and a part of the answer that it can do without.
//!
//! Run it: `cargo run --release -p dgraph-exec --example service`

#![forbid(unsafe_code)]

use dgraph_exec::{CancelToken, Definition, DefinitionBuilder, Input, Node, RunError, RunOptions};
use std::collections::BTreeMap;
use std::error::Error;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const REQUESTS: u64 = 2_000;
const AT_ONCE: usize = 1_000;

/// The graph, and what the service sets and reads of each run.
struct Service {
    request: Definition<'static>,
    id: Input<u64>,
    page: Node<String>,
}

/// This stands for another service. What it does depends on the user's number.
async fn fetch_user(id: u64, attempt: u32) -> Result<String, String> {
    sleep(Duration::from_millis(2)).await;
    match id % 10 {
        3 if attempt < 3 => Err("connection reset".to_owned()),
        4 => Err(format!("there is no user {id}")),
        5 | 6 => pending().await,
        _ => Ok(format!("user {id}")),
    }
}

/// So does this.
async fn fetch_offers(user: &str) -> usize {
    if user.ends_with('7') { pending().await } else { user.len() }
}

/// Tries up to three times.
async fn user(id: &u64) -> Result<String, String> {
    for attempt in 1..3 {
        if let Ok(user) = fetch_user(*id, attempt).await {
            return Ok(user);
        }
    }
    fetch_user(*id, 3).await
}

impl Service {
    fn new() -> Result<Self, Box<dyn Error>> {
        let mut graph = DefinitionBuilder::new();
        let id = graph.input::<u64>("id");
        let user = graph.try_async_node("user", (id,), user);
        let orders = graph.async_node("orders", (id,), async |id: &u64| {
            sleep(Duration::from_millis(3)).await;
            id % 4
        });
        let offers = graph.async_node("offers", (user,), async |user: &String| {
            timeout(Duration::from_millis(10), fetch_offers(user)).await.ok() // none rather than late
        });
        let page = graph.node(
            "page",
            (user, orders, offers),
            |user: &String, orders: &u64, offers: &Option<usize>| match offers {
                Some(offers) => format!("{user}: {orders} orders, {offers} offers"),
                None => format!("{user}: {orders} orders"),
            },
        );
        graph.at_most(AT_ONCE); // more have to wait
        Ok(Self { request: graph.build()?, id, page })
    }

    /// Answers a request, on whatever thread polls this.
    async fn answer(&self, id: u64, until: Instant, client_gone: &CancelToken) -> Result<String, RunError> {
        let mut run = self.request.acquire().await;
        run.set(self.id, id);
        let options = RunOptions::new().deadline(until).cancel_token(client_gone);
        let results = run.with(&options).run_async().await?;
        Ok(results[self.page].clone())
    }
}

/// A client sends a request, and says how it went.
async fn client(service: &Service, id: u64) -> &'static str {
    // Some are impatient.
    let patience = if id % 10 == 5 { Duration::from_millis(20) } else { Duration::from_secs(60) };
    let gone = CancelToken::new();
    if id % 10 == 6 {
        let gone = gone.clone();
        tokio::spawn(async move {
            sleep(Duration::from_millis(10)).await;
            gone.cancel();
        });
    }
    match service.answer(id, Instant::now() + patience, &gone).await {
        Ok(page) if page.ends_with("offers") => "with offers",
        Ok(_) => "without offers",
        Err(error) if error.is_late() => "late",
        Err(error) if error.is_cancelled() => "cancelled",
        Err(_) => "failed",
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let service = Arc::new(Service::new()?);
    let requests: Vec<_> = (0..REQUESTS)
        .map(|id| {
            let service = service.clone();
            tokio::spawn(async move { client(&service, id).await })
        })
        .collect();
    let mut outcomes = BTreeMap::new();
    for request in requests {
        *outcomes.entry(request.await?).or_insert(0) += 1;
    }
    println!("{REQUESTS} requests, {AT_ONCE} at once at the most: {outcomes:?}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve())
}
