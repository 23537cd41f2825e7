//! A JSON object whose keys are names: in its order, each key once.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The members of an object, in their order.
#[derive(Debug)]
pub struct Members<T>(pub Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor(PhantomData))
    }
}

struct MembersVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for MembersVisitor<T> {
    type Value = Members<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(String, T)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, T>()? {
            if members.iter().any(|(present, _)| *present == key) {
                return Err(A::Error::custom(format_args!("the key `{key}` is there twice")));
            }
            members.push((key, value));
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn members_keep_their_order_and_are_there_once() {
        let Members(members) = serde_json::from_str::<Members<u8>>(r#"{"b": 1, "a": 2}"#).unwrap();
        assert_eq!(members, [("b".to_owned(), 1), ("a".to_owned(), 2)]);
        let twice = serde_json::from_str::<Members<u8>>(r#"{"b": 1, "b": 2}"#).unwrap_err();
        assert!(twice.to_string().starts_with("the key `b` is there twice"), "{twice}");
    }
}
