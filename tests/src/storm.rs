//! Many events to a receiver that fails at random, and their outcomes.

use std::collections::HashMap;

use serde_json::json;

use crate::bed::Bed;
use crate::receiver::{Answer, Receiver};

/// The size of the storm.
#[derive(Debug, Clone, Copy)]
pub struct Storm {
    /// How many events there are.
    pub events: usize,
    /// Failing attempts, in percent.
    pub failures_in_a_hundred: u32,
}

/// The outcomes of the events.
#[derive(Debug, Clone, Default)]
pub struct Aftermath {
    /// The number of events.
    pub events: usize,
    /// Events that a receiver accepted.
    pub delivered: usize,
    /// Events in the dead-letter queue.
    pub dead_lettered: usize,
    /// Requests, of all events together.
    pub requests: usize,
    /// Requests of the event that had most.
    pub most_requests: usize,
    /// Events that were delivered and dead-lettered, or delivered twice.
    pub both: usize,
}

impl Storm {
    /// Receives the events, and delivers until nothing is left.
    ///
    /// # Panics
    /// When an event is not accepted.
    pub async fn run(self) -> Aftermath {
        let (bed, receiver) = (Bed::start().await, Receiver::start().await);
        receiver.answer(Dice(1).answers(self.failures_in_a_hundred).take(self.events * 3));
        let instance = bed.provision(&receiver.url(), &[]).await;
        for event in 0..self.events {
            let data = json!({ "id": format!("lead_{event}") });
            let body = json!({ "model": "lead", "event": "create", "data": data }).to_string();
            assert_eq!(instance.receives(body).await.status, 200);
        }
        bed.drain().await;
        let mut statuses: HashMap<String, Vec<u16>> = HashMap::new();
        let dice = Dice(1).answers(self.failures_in_a_hundred);
        let requests = receiver.received();
        for (request, answer) in requests.iter().zip(dice) {
            let Answer::Respond(response) = answer else { continue };
            let id = request.header("elements-webhook-id").unwrap_or_default().to_owned();
            statuses.entry(id).or_default().push(response.status().as_u16());
        }
        let accepted = |statuses: &Vec<u16>| statuses.iter().filter(|status| **status == 200).count();
        let letters = bed.dead_letters();
        let dead: Vec<_> =
            letters.iter().map(|letter| format!("{:?}", letter.attributes["EventId"])).collect();
        let is_dead = |id: &str| dead.iter().any(|letter| letter.contains(id));
        Aftermath {
            events: self.events,
            delivered: statuses.values().filter(|statuses| accepted(statuses) > 0).count(),
            dead_lettered: dead.len(),
            requests: requests.len(),
            most_requests: statuses.values().map(Vec::len).max().unwrap_or_default(),
            both: statuses.iter().filter(|(id, all)| accepted(all) > usize::from(!is_dead(id))).count(),
        }
    }
}

impl Aftermath {
    /// Checks that no event was lost, delivered twice, or tried more than three times.
    ///
    /// # Panics
    /// When one was.
    pub fn check(&self) {
        assert_eq!(self.delivered + self.dead_lettered, self.events, "{self:?}");
        assert_eq!(self.both, 0, "{self:?}");
        assert!(self.most_requests <= 3, "{self:?}");
    }
}

/// A simple, repeatable random generator (xorshift).
struct Dice(u64);

impl Dice {
    fn answers(mut self, failures_in_a_hundred: u32) -> impl Iterator<Item = Answer> {
        std::iter::repeat_with(move || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let fails = self.0 % 100 < u64::from(failures_in_a_hundred);
            Answer::status(if fails { 500 } else { 200 })
        })
    }
}
