//! What most stories have none of, in one word.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Deref;

/// A list that is empty nearly always; a record has it as a list.
#[derive(Debug, Clone, PartialEq)]
pub struct SmallList<T>(Option<Box<SmallListRepr<T>>>);

#[derive(Debug, Clone, PartialEq)]
struct SmallListRepr<T>(Vec<T>);

impl<T> SmallList<T> {
    /// Changes the list.
    pub(super) fn change<R>(&mut self, change: impl FnOnce(&mut Vec<T>) -> R) -> R {
        let mut list = self.0.take().map_or_else(Vec::new, |held| held.0);
        let result = change(&mut list);
        *self = Self::from(list);
        result
    }

    /// Appends to the list.
    pub(super) fn push(&mut self, item: T) {
        self.change(|list| list.push(item));
    }
}

impl<T> Default for SmallList<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<Vec<T>> for SmallList<T> {
    fn from(mut list: Vec<T>) -> Self {
        if 2 * list.len() < list.capacity() {
            list.shrink_to_fit();
        }
        Self((!list.is_empty()).then(|| Box::new(SmallListRepr(list))))
    }
}

impl<T> Deref for SmallList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_ref().map_or(&[], |held| &held.0)
    }
}

impl<T> IntoIterator for SmallList<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.map_or_else(Vec::new, |held| held.0).into_iter()
    }
}

impl<T: Serialize> Serialize for SmallList<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.deref().serialize(out)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for SmallList<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::deserialize(from).map(Self::from)
    }
}

/// Four numbers that are 0 nearly always; a record has them as four numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChannelNorms(Option<Box<[f64; 4]>>);

impl ChannelNorms {
    /// The numbers.
    pub(super) fn get(&self) -> [f64; 4] {
        self.0.as_ref().map_or([0.0; 4], |norms| **norms)
    }
}

impl From<[f64; 4]> for ChannelNorms {
    fn from(norms: [f64; 4]) -> Self {
        Self((norms != [0.0; 4]).then(|| Box::new(norms)))
    }
}

impl Serialize for ChannelNorms {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(out)
    }
}

impl<'de> Deserialize<'de> for ChannelNorms {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <[f64; 4]>::deserialize(from).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_lists_and_numbers() {
        let mut few = SmallList::default();
        assert!(few.is_empty() && few.0.is_none());
        few.change(|list| list.extend([3u32, 500]));
        let record = postcard::to_stdvec(&few).unwrap();
        assert_eq!(record, postcard::to_stdvec(&vec![3u32, 500]).unwrap());
        assert_eq!(postcard::from_bytes::<SmallList<u32>>(&record).unwrap(), few);
        few.change(Vec::clear);
        assert!(few.0.is_none());
        for norms in [[0.0; 4], [1.0, 0.0, 2.5, 0.0]] {
            let record = postcard::to_stdvec(&ChannelNorms::from(norms)).unwrap();
            assert_eq!(record, postcard::to_stdvec(&norms).unwrap());
            assert_eq!(postcard::from_bytes::<ChannelNorms>(&record).unwrap().get(), norms);
        }
    }
}
