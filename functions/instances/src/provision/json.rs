//! The body as JSON, or where its syntax is wrong.

use serde_json::Value;

use super::Fault;

/// The quotes that word processors and web pages put for straight ones.
const CURLY: [char; 8] = ['“', '”', '„', '‟', '‘', '’', '‚', '‛'];

/// Reads a body that must be a JSON object. The fault names line and column (in bytes, from one).
pub(super) fn object(body: &[u8]) -> Result<Value, Vec<Fault>> {
    let problem = match serde_json::from_slice(body) {
        Ok(body @ Value::Object(_)) => return Ok(body),
        Ok(_) => "is not a JSON object".to_owned(),
        Err(error) => format!("is not a JSON object: {}", describe(&error, body)),
    };
    Err(vec![Fault::wrong("the body", problem)])
}

fn describe(error: &serde_json::Error, body: &[u8]) -> String {
    // The texts of syntax errors are fixed: nothing of the body is in them.
    let text = error.to_string();
    let hint = if curly_at(error, body) {
        "; the quotes there are curly ones, JSON wants straight ones"
    } else if text.starts_with("trailing comma") {
        "; JSON has no comma after the last entry (examples of the old documentation do)"
    } else if body.get(offset(error, body)) == Some(&b'\'') {
        "; JSON wants double quotes"
    } else {
        ""
    };
    format!("{text}{hint}")
}

fn curly_at(error: &serde_json::Error, body: &[u8]) -> bool {
    let start = offset(error, body);
    let rest = String::from_utf8_lossy(body.get(start..).unwrap_or_default());
    rest.starts_with(CURLY)
}

/// The offset of the byte that the parser refused.
fn offset(error: &serde_json::Error, body: &[u8]) -> usize {
    let lines = body.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    lines.map(<[u8]>::len).sum::<usize>() + error.column().saturating_sub(1)
}
