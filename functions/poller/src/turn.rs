//! One turn of an API key: claim it, read what is under it, ask Close for what is due, write down what comes next.

use chrono::{DateTime, TimeDelta, Utc};
use shared::instances::InstanceId;
use shared::platform::aws::InternalError;
use shared::polling::next::Answer;
use shared::polling::store::{Due, GrantedTurn, TurnAnswer, TurnRequest};

use crate::Poller;
use crate::agenda::{Agenda, Job};
use crate::ask::{Asked, Request};
use crate::work::{Shift, TIME_FOR_ONE};

/// After a fault of ours a key rests for this long.
const OWN_FAULT_WAIT: TimeDelta = TimeDelta::seconds(60);

/// What all resources of an instance remember together: 64 KiB, so that their item stays far below its limit.
const MOST_REMEMBERED: usize = 4_000;

impl Poller {
    /// Takes a turn that is due. The key may be due again soon: then with the time to queue it for.
    ///
    /// # Errors
    /// When the turn was claimed, but could be neither made nor given back.
    pub(crate) async fn turn(
        &self,
        due: &Due,
        shift: Shift<'_>,
    ) -> Result<Option<(Due, DateTime<Utc>)>, InternalError> {
        let now = self.clock.now();
        if due.due_at > now {
            return Ok(Some((due.clone(), due.due_at)));
        }
        let claim = TurnRequest { due, now, until: shift.lease_until(), holder: shift.holder };
        let claimed = match self.pollers.claim(&claim).await {
            Ok(TurnAnswer::Granted(claimed)) => claimed,
            Ok(TurnAnswer::Stale) => return Ok(None),
            Ok(TurnAnswer::Busy(until)) => return Ok(Some((due.clone(), until))),
            Err(error) => {
                shift.tally.failed();
                tracing::warn!(%error, "lease not taken; the next tick queues the key again");
                return Ok(None);
            }
        };
        if let Some(hold) = claimed.hold.filter(|hold| *hold > now) {
            self.pollers.give_up(&claimed, hold).await?;
            return Ok(Some((Due { due_at: hold, ..due.clone() }, hold)));
        }
        match self.claimed(due, &claimed, shift).await {
            Ok(next) => Ok(next),
            Err(error) => {
                shift.tally.failed();
                tracing::warn!(%error, "turn failed");
                self.pollers.give_up(&claimed, now + OWN_FAULT_WAIT).await?;
                Ok(None)
            }
        }
    }

    async fn claimed(
        &self,
        due: &Due,
        claimed: &GrantedTurn,
        shift: Shift<'_>,
    ) -> Result<Option<(Due, DateTime<Utc>)>, InternalError> {
        let began_at = self.clock.now();
        let mut agenda = Agenda::of(self.pollers.parts(&due.key).await?);
        self.open(&mut agenda, claimed.turn_before).await?;
        for (due_at, job) in agenda.jobs(claimed.turn_before, began_at) {
            let now = self.clock.now();
            if agenda.is_over() || shift.ends_at - now < TIME_FOR_ONE {
                agenda.leave(&job, due_at, now);
                continue;
            }
            let done = match &job {
                Job::Resource(place, name) => self.poll(&mut agenda, (*place, name), (began_at, shift)).await,
                Job::Check(place) => self.check(&mut agenda, *place, shift.ends_at).await,
            };
            if let Err(error) = done {
                // What was done before is written nonetheless.
                shift.tally.failed();
                tracing::warn!(%error, ?job, "a fault of this system");
                agenda.leave(&job, due_at, now);
                agenda.hold = agenda.hold.max(Some(now + OWN_FAULT_WAIT));
            }
        }
        agenda.statuses().for_each(|status| shift.tally.polled(status));
        // The claim read the clock a moment before.
        let turn_at = claimed.turn_at;
        self.conclude(due, claimed, agenda, turn_at).await
    }

    /// Polls one resource of one instance.
    async fn poll(
        &self,
        agenda: &mut Agenda,
        (place, name): (usize, &str),
        (began_at, shift): (DateTime<Utc>, Shift<'_>),
    ) -> Result<(), InternalError> {
        let Some(polled) = agenda.polls.get_mut(place) else { return Ok(()) };
        let Some(access) = &polled.access else { return Ok(()) };
        let configuration = access.settings.resources.iter().find(|it| it.name == name);
        let (Some(configuration), Some(cursor)) = (configuration, polled.part.value.cursors.get(name)) else {
            return Ok(());
        };
        let instance = polled.part.id;
        let request = Request {
            instance,
            objects: &access.instance.events.objects,
            account: &access.account,
            configuration,
            began_at,
            ends_at: shift.ends_at,
            room: (MOST_REMEMBERED / access.settings.resources.len().max(1)).min(MOST_REMEMBERED / 4),
        };
        // A fault of ours leaves the cursor where it was.
        let mut moved = cursor.clone();
        let asked = self.ask(&request, &mut moved).await?;
        log(instance, name, &asked);
        shift.tally.skipped(asked.bad.len());
        polled.part.value.cursors.insert(name.to_owned(), moved);
        agenda.note((place, name), &asked, self.clock.now());
        Ok(())
    }
}

/// An idle resource, which most are most of the time, is not worth its line.
fn log(instance: InstanceId, resource: &str, asked: &Asked) {
    let Asked { answer, enqueued, pages, bad, .. } = asked;
    let bad = bad.len();
    if *enqueued == 0 && bad == 0 && *answer == Answer::Drained {
        tracing::debug!(%instance, resource, pages, "polled");
    } else {
        tracing::info!(%instance, resource, enqueued, pages, bad, ?answer, "polled");
    }
}
