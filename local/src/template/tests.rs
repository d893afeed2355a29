//! What is read from small templates, and from the one of this system.

mod roles;
mod small;
mod this_system;

use std::collections::BTreeMap;

use super::{Function, Queue, Table, Template, document};

/// Where the queues of these tests are.
const QUEUES: &str = "http://127.0.0.1:9324";

fn parse(text: &str) -> Result<Template, String> {
    Template::of(&document::parse(text)?, QUEUES, &BTreeMap::new())
}

/// The text of the error that a template ends in.
fn refusal(text: &str) -> String {
    match parse(text) {
        Ok(template) => panic!("expected an error, read {template:?}"),
        Err(error) => error,
    }
}

impl Template {
    fn table(&self, name: &str) -> &Table {
        self.tables.iter().find(|table| table.name == name).expect("the table")
    }

    fn queue(&self, name: &str) -> &Queue {
        self.queues.iter().find(|queue| queue.name == name).expect("the queue")
    }

    fn function(&self, id: &str) -> &Function {
        self.functions.iter().find(|function| function.logical_id == id).expect("the function")
    }
}
