//! What happens in a history.

use serde_json::{Map, Value, json};

use super::draw::Draw;
use super::plan::{self, InstancePlan, ResourcePlan};
use super::resources::{self, Kind, OBJECT_TYPES};
use crate::polling::Way;
use crate::wire::Dead;

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// Something changes at Close.
    Change(Change),
    /// Seconds pass, and nobody polls.
    Pass(i64),
    /// The whole stack stands still for so many hours.
    Stopped(i64),
    /// Minutes pass as they should.
    Minutes(usize),
    /// A minute whose poll is killed.
    Killed(Way),
    /// A minute that the schedule announces twice, and whose polls begin together.
    Twice,
    /// Something is wrong for so many minutes.
    Trouble(Trouble, usize),
    /// An instance is to deliver nothing for so many minutes.
    Off(usize, Off, usize),
    /// An instance's settings are changed.
    Patch(usize, Patch),
}

/// A change at Close; numbers choose among what is there.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new object; the mark is what conditions ask for.
    Create(&'static str, &'static str),
    /// Many of them at the same time.
    Burst(&'static str, usize),
    /// A field changes.
    Update(usize),
    /// A field changes soon after another.
    Consolidate(usize),
    /// An object goes.
    Delete(usize),
    /// A lead is merged into another.
    Merge(usize, usize),
}

/// What may be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Close refuses an API key.
    Unauthorized(&'static str),
    /// It refuses or cannot show what is asked for here.
    Away(String, u16),
    /// It cannot show anything.
    Down,
    /// Pages with more rows than this take too long.
    Large(usize),
}

/// How an instance is told to deliver nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// It is disabled.
    Disabled,
    /// Its notifications are.
    Muted,
    /// Its events come by webhook.
    ByWebhook,
}

/// A change of an instance's settings.
#[derive(Debug, Clone)]
pub enum Patch {
    /// A resource is added.
    Add(ResourcePlan),
    /// The resource of this number goes.
    Remove(usize),
    /// The resource of this number has another URL.
    Url(usize, ResourcePlan),
    /// What changed in so many hours is told.
    Since(i64),
    /// The interval is another.
    Interval(usize),
    /// The resource of this number has further settings.
    Settings(usize, Map<String, Value>),
    /// Other objects are wanted.
    Objects(Option<Vec<&'static str>>),
    /// The API key is another.
    Key(&'static str),
    /// Close has another name.
    Host,
}

fn create(draw: &mut Draw) -> Change {
    Change::Create(draw.of(&OBJECT_TYPES), draw.of(&["a", "b"]))
}

fn change(draw: &mut Draw) -> Change {
    match draw.number(0, 15) {
        0..6 => create(draw),
        6..11 => Change::Update(draw.number(0, 63)),
        11 | 12 => Change::Consolidate(draw.number(0, 63)),
        13 => Change::Delete(draw.number(0, 63)),
        14 => Change::Merge(draw.number(0, 63), draw.number(0, 63)),
        _ => Change::Burst(draw.of(&OBJECT_TYPES), draw.number(2, 12)),
    }
}

/// Three months of changes, each some days after the other.
pub(super) fn past(draw: &mut Draw) -> Vec<(i64, Change)> {
    let mut left = 95 * 24;
    let mut past = Vec::new();
    while left > 0 && past.len() < 18 {
        let hours = draw.signed(12, 220);
        left -= hours;
        past.push((hours, change(draw)));
    }
    past
}

/// What happens to some instances.
pub(super) fn steps(draw: &mut Draw, instances: &[InstancePlan], peculiar: usize) -> Vec<Step> {
    let kills = draw.percent(peculiar);
    let (off, troubles) = (draw.percent(peculiar), draw.percent(2 * peculiar));
    let (patches, disabled) = (draw.percent(peculiar), draw.percent(peculiar));
    let longest = instances.iter().map(|it| it.interval).max().unwrap_or(1);
    // A poll or two before anything else, in most of them.
    let mut steps = if draw.percent(70) { vec![Step::Minutes(2 * longest)] } else { Vec::new() };
    for _ in 0..draw.number(6, 20) {
        steps.push(Step::Change(change(draw)));
        let number = draw.number(0, instances.len() - 1);
        match draw.number(0, 11) {
            0 | 1 => steps.push(Step::Pass(draw.signed(1, 90))),
            2..6 => steps.push(Step::Minutes(draw.number(1, 2 + longest))),
            6 if kills && draw.percent(50) => steps.push(Step::Twice),
            6 if kills => steps.push(Step::Killed(way(draw))),
            7 if off => steps.push(Step::Stopped(draw.of(&[1, 7, 30, 200]))),
            8 if troubles => {
                let trouble = trouble(draw, instances);
                steps.push(Step::Trouble(trouble, draw.of(&[4, 10, 20, 150]).max(3 * longest)));
            }
            9 if disabled => {
                let off = draw.of(&[Off::Disabled, Off::Muted, Off::ByWebhook]);
                steps.push(Step::Off(number, off, draw.number(1, 30)));
            }
            10.. if patches => steps.push(Step::Patch(number, patch(draw, &instances[number]))),
            _ => {}
        }
    }
    steps
}

fn way(draw: &mut Draw) -> Way {
    let n = draw.number(1, 6);
    draw.of(&[
        Way::DynamoDb(Dead::Before(n)),
        Way::DynamoDb(Dead::After(n)),
        Way::Sqs(Dead::Before(n)),
        Way::Sqs(Dead::After(n)),
    ])
}

fn trouble(draw: &mut Draw, instances: &[InstancePlan]) -> Trouble {
    let instance = draw.of(instances);
    match draw.number(0, 5) {
        0 | 1 => Trouble::Unauthorized(instance.key),
        2 => Trouble::Down,
        3 => Trouble::Large(draw.number(1, 5)),
        _ => {
            let resource = draw.of(&instance.resources);
            Trouble::Away(resource.kind().subject.to_owned(), draw.of(&[403, 403, 402, 404, 503]))
        }
    }
}

fn patch(draw: &mut Draw, instance: &InstancePlan) -> Patch {
    let number = draw.number(0, instance.resources.len() - 1);
    match draw.number(0, 10) {
        0 | 1 => Patch::Add(plan::another(draw)),
        2 => Patch::Remove(number),
        6 => Patch::Objects(draw.percent(70).then(|| plan::objects(draw))),
        7 => Patch::Key(draw.of(&["api_a", "api_b", "api_d"])),
        8 => Patch::Host,
        9 => {
            let settings = [
                ("pageSize", draw.of(&[json!(2), json!(50)])),
                ("pollDelay", draw.of(&[json!(0), json!(200)])),
                ("createdCheckTolerance", draw.of(&[json!(0), json!(30)])),
            ];
            Patch::Settings(
                number,
                draw.some(&settings, 3).into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            )
        }
        3 => {
            let found = instance.resources[number].kind().found;
            let kinds = resources::KINDS.into_iter().filter(|kind| kind.found == found);
            let kind: Kind = draw.of(&kinds.collect::<Vec<_>>());
            Patch::Url(number, resources::resource(draw, kind, true, false))
        }
        4 => Patch::Since(draw.signed(1, 20 * 24)),
        _ => Patch::Interval(draw.of(&[1, 2, 5])),
    }
}
