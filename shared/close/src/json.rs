//! A limit on the depth of JSON from outside.

/// The deepest nesting of objects and arrays; Close's own payloads stay below ten.
pub const MAX_DEPTH: usize = 128;

/// True if `bytes` nest objects and arrays deeper than [`MAX_DEPTH`].
///
/// Raw JSON is skipped without recursion here, but its next reader may recurse. The bytes need not be valid JSON.
pub fn is_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> Vec<u8> {
        [vec![b'['; depth], vec![b']'; depth]].concat()
    }

    #[test]
    fn depth_is_counted_outside_strings_only() {
        assert!(!is_too_deep(&nested(MAX_DEPTH)));
        assert!(is_too_deep(&nested(MAX_DEPTH + 1)));
        let in_string = format!(r#"{{"a":"\"{}"}}"#, "[".repeat(500));
        assert!(!is_too_deep(in_string.as_bytes()));
        let after_string = format!(r#"{{"a":"\\",{}"#, "[".repeat(500));
        assert!(is_too_deep(after_string.as_bytes()));
    }
}
