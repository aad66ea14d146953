//! The graph: for each page a node that fetches it and one that computes, and one that adds up.

use crate::crunch::{NUMBERS, count_primes};
use dgraph_exec::{Graph, GraphBuilder, Input, Node, RunError, Values};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Job {
    graph: Graph<'static>,
    pages: u32,
    /// The first page of the run.
    first: Input<u32>,
    total: Node<usize>,
}

impl Job {
    /// A job that fetches `pages` pages, no more than `connections` at once.
    pub(crate) fn new(server: SocketAddr, pages: u32, connections: usize) -> Result<Self, Box<dyn Error>> {
        let mut graph = GraphBuilder::new();
        let first = graph.input::<u32>("first");
        let connections = graph.limit(connections);
        let counts: Vec<_> = (0..pages)
            .map(|page| {
                let fetched = graph.try_async_node(format!("fetch {page}"), (first,), move |first: &u32| {
                    fetch(server, first + page)
                });
                graph.limited(fetched, connections);
                graph.node(format!("crunch {page}"), (fetched,), |numbers: &Vec<u32>| count_primes(numbers))
            })
            .collect();
        let total = graph.node("total", &counts, |counts: Values<'_, usize>| counts.iter().sum::<usize>());
        Ok(Self { graph: graph.build()?, pages, first, total })
    }

    /// The number of primes in the pages of the round.
    pub(crate) async fn run(&mut self, round: u32) -> Result<usize, RunError> {
        self.graph.set(self.first, round * self.pages);
        Ok(self.graph.run_async().await?[self.total])
    }
}

/// The numbers of a page.
async fn fetch(server: SocketAddr, page: u32) -> io::Result<Vec<u32>> {
    let mut socket = TcpStream::connect(server).await?;
    socket.write_u32(page).await?;
    let mut bytes = [0; 4 * NUMBERS];
    socket.read_exact(&mut bytes).await?;
    Ok(bytes
        .chunks_exact(4)
        .map(|number| u32::from_be_bytes([number[0], number[1], number[2], number[3]]))
        .collect())
}
