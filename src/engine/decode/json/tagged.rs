//! Reads values that are wrapped in an object whose only field names their type.
//!
//! ```text
//! {"S": "Quay closes"}                   DynamoDB
//! {"L": [{"S": "a"}, {"S": "b"}]}        DynamoDB, a list
//! {"string": "Quay closes"}              Avro, a value of a union
//! {"org.example.Source": {"name": "A"}}  Avro, a record of a union
//! ```
//!
//! Cost: objects whose first field has another name are recognized from its first bytes.

use serde_json::value::RawValue;

/// The types of DynamoDB, and those of Avro. Case matters.
const TAGS: [&str; 15] = [
    "S", "N", "L", "M", "BOOL", "NULL", "string", "int", "long", "float", "double", "boolean",
    "bytes", "array", "map",
];
/// Maximum length of a type name in bytes.
const TAG_BYTES_MAX: usize = 128;

/// The value without its type, or `raw` itself if it names no type. `raw` must be valid JSON.
pub(super) fn untagged(raw: &str) -> &str {
    tagged_value(raw).unwrap_or(raw)
}

fn tagged_value(raw: &str) -> Option<&str> {
    let (tag, _) = first_name(raw)?;
    let is_record = tag.contains('.');
    if !is_record && !TAGS.contains(&tag) {
        return None;
    }
    let (_, value) = only_field(raw)?;
    if is_record && !value.starts_with('{') {
        return None;
    }
    Some(if tag == "NULL" { "null" } else { value })
}

/// The name, as written, and the value of the only field of an object.
pub(super) fn only_field(raw: &str) -> Option<(&str, &str)> {
    let (name, rest) = first_name(raw)?;
    let value = rest.trim_start().strip_prefix(':')?.strip_suffix('}')?.trim();
    // If other fields follow, the rest of the object is not a single value.
    serde_json::from_str::<&RawValue>(value).ok()?;
    Some((name, value))
}

/// The name of the first field of an object, and what follows it.
fn first_name(raw: &str) -> Option<(&str, &str)> {
    let name = raw.strip_prefix('{')?.trim_start().strip_prefix('"')?;
    let end = name.bytes().take(TAG_BYTES_MAX).position(|byte| byte == b'"')?;
    Some((&name[..end], &name[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::untagged;

    #[test]
    fn only_objects_with_a_single_type_are_unwrapped() {
        for (raw, want) in [
            (r#"{"S":"a"}"#, r#""a""#),
            (r#"{ "long" : 7 }"#, "7"),
            (r#"{"L":[{"S":"a"}]}"#, r#"[{"S":"a"}]"#),
            (r#"{"M":{"name":{"S":"a"}}}"#, r#"{"name":{"S":"a"}}"#),
            (r#"{"NULL":true}"#, "null"),
            (r#"{"org.example.Source":{"name":"a"}}"#, r#"{"name":"a"}"#),
            (r#"{"S":"a","N":"1"}"#, r#"{"S":"a","N":"1"}"#),
            (r#"{"s":"a"}"#, r#"{"s":"a"}"#),
            (r#"{"text":"a"}"#, r#"{"text":"a"}"#),
            (r#"{"k.example":"a"}"#, r#"{"k.example":"a"}"#),
            (r#"{}"#, r#"{}"#),
            (r#"[{"S":"a"}]"#, r#"[{"S":"a"}]"#),
        ] {
            assert_eq!(untagged(raw), want, "{raw}");
        }
    }
}
