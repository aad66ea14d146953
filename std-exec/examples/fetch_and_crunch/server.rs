//! A slow server of pages: four bytes, the number of a page, come in; its numbers go out, four bytes each.

use crate::crunch;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Runs as tasks of the runtime, until that is gone.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<Connections>,
}

#[derive(Default)]
struct Connections {
    open: AtomicUsize,
    highest: AtomicUsize,
}

impl Server {
    /// Starts it on a free port of the loopback address. An answer takes `delay`.
    pub(crate) async fn start(delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let connections = Arc::new(Connections::default());
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let connections = Arc::clone(&counted);
                tokio::spawn(async move {
                    let open = connections.open.fetch_add(1, Relaxed) + 1;
                    connections.highest.fetch_max(open, Relaxed);
                    // A client that hangs up gets no answer.
                    let _ = answer(socket, delay, &connections.open).await;
                });
            }
        });
        Ok(Self { address, connections })
    }

    /// How many clients it has had at once.
    pub(crate) fn highest(&self) -> usize {
        self.connections.highest.load(Relaxed)
    }
}

async fn answer(mut socket: TcpStream, delay: Duration, open: &AtomicUsize) -> io::Result<()> {
    let page = socket.read_u32().await;
    tokio::time::sleep(delay).await;
    // The client may connect anew as soon as it has its last byte.
    open.fetch_sub(1, Relaxed);
    let bytes: Vec<u8> = crunch::numbers(page?).flat_map(u32::to_be_bytes).collect();
    socket.write_all(&bytes).await
}
