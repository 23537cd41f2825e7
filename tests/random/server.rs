//! A server that sends scripted replies to any request, and records the requests.

use crate::reply::Reply;
use integration_tests::raw_http::{Request, request, token_response};
use random_calls::TOKEN;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The running server of one case.
pub struct Server {
    /// Its address.
    pub address: SocketAddr,
    conversation: Arc<Mutex<Conversation>>,
    task: JoinHandle<()>,
}

struct Conversation {
    script: VecDeque<Reply>,
    asked: Vec<(Request, Reply)>,
}

impl Server {
    /// Starts a server that sends these replies, and afterwards a token to every request.
    pub async fn start(script: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let conversation = Conversation { script: script.iter().cloned().collect(), asked: Vec::new() };
        let conversation = Arc::new(Mutex::new(conversation));
        let shared = Arc::clone(&conversation);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, conversation, task }
    }

    /// The requests so far, each with its reply.
    pub fn asked(&self) -> Vec<(Request, Reply)> {
        self.conversation.lock().unwrap().asked.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, conversation: Arc<Mutex<Conversation>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = request(&mut stream).await?;
        let reply = {
            let mut conversation = conversation.lock().unwrap();
            let reply = conversation.script.pop_front().unwrap_or_else(|| Reply::Whole(token_response(TOKEN)));
            conversation.asked.push((request, reply.clone()));
            reply
        };
        stream.write_all(reply.bytes()).await?;
        match reply {
            Reply::Whole(_) => {}
            Reply::Last(_) => {
                stream.shutdown().await?;
                // Closing a socket with unread bytes resets the connection.
                let reading = async { while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {} };
                let _ = tokio::time::timeout(Duration::from_millis(200), reading).await;
                return Ok(());
            }
            Reply::Reset(_) => {
                // The bytes so far must arrive before the reset.
                tokio::time::sleep(Duration::from_millis(5)).await;
                return stream.get_ref().set_zero_linger();
            }
            Reply::Silence => while stream.read(&mut [0; 1024]).await? > 0 {},
        }
    }
}
