//! Telling a hub that feeds changed (WebSub, section 7): one form a feed, a few at a time,
//! none later than the time that was given.
//!
//! The guard is asked as for every other address. A hub that has moved is not followed:
//! whoever publishes should know.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::Serializer;

use super::client::{Client, ClientError, Settings};

/// Forms at once: a hub is one server.
const AT_ONCE: usize = 4;

/// What came of telling a hub of one feed: it knows, or why not.
pub type Told = Result<(), String>;

/// The form that tells of `topic`. Hubs differ in the name they expect it under.
fn form(topic: &Url) -> String {
    Serializer::new(String::new())
        .append_pair("hub.mode", "publish")
        .append_pair("hub.url", topic.as_str())
        .append_pair("hub.topic", topic.as_str())
        .finish()
}

/// Tells `hub` of `topics` and comes back after `patience` at the latest, with what came
/// of each, in order.
///
/// # Errors
/// [`ClientError`] when no request can be made at all.
pub fn tell(settings: Settings, hub: &Url, topics: &[Url], patience: Duration) -> Result<Vec<Told>, ClientError> {
    let client = Arc::new(Client::new(settings)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ClientError::Start(error.to_string()))?;
    let late = || Err("no answer in time".to_owned());
    let results = Arc::new(Mutex::new((0..topics.len()).map(|_| late()).collect::<Vec<Told>>()));
    let waiting: Arc<Mutex<Vec<(usize, Url)>>> =
        Arc::new(Mutex::new(topics.iter().cloned().enumerate().rev().collect()));
    runtime.block_on(async {
        let end = Instant::now() + patience;
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE.min(topics.len()) {
            let (client, results, waiting) = (Arc::clone(&client), Arc::clone(&results), Arc::clone(&waiting));
            let hub = hub.clone();
            workers.spawn(async move {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some((n, topic)) = next else { break };
                    let left = end.saturating_duration_since(Instant::now());
                    let told = match client.post(&hub, form(&topic), left).await {
                        Ok(200..=299) => Ok(()),
                        Ok(status @ 300..=399) => Err(format!("HTTP status {status}: the hub has moved")),
                        Ok(status) => Err(format!("HTTP status {status}")),
                        Err(error) => Err(error.fault.to_string()),
                    };
                    if let Some(place) = results.lock().unwrap_or_else(PoisonError::into_inner).get_mut(n) {
                        *place = told;
                    }
                }
            });
        }
        let all = async { while workers.join_next().await.is_some() {} };
        // Those that are not done are tried again another time.
        let _ = tokio::time::timeout_at(end, all).await;
    });
    // A name that is being looked up must not hold the run up.
    runtime.shutdown_background();
    let results = std::mem::take(&mut *results.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(results)
}
