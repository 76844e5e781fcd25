//! Whether the memory in a changelog fits the settings, and what becomes of it under another map of
//! shards.
//!
//! In: the [`Shape`] that the changelog carries, and the settings. Out: nothing where they agree; a
//! refusal where what was kept of articles cannot be compared with what comes; new positions where
//! the map of shards has changed.
//!
//! Under another map an item may be another shard's. It is neither lost nor read twice exactly if all
//! shards stood at the same positions when the map changed, so that is what is asked for. The first
//! shard that takes up the new map records where that was ([`Shape::from`]), and the others are held
//! to it, whatever the first one has read since. A shard that is new begins there.
//!
//! ```text
//! shard 0  old map, p0 at 7       ->  new map from p0 at 7
//! shard 1  old map, p0 at 7, p1 at 3  new map from p0 at 7, p1 at 3
//! shard 2  empty                      new map from p0 at 7, p1 at 3
//! ```

use super::Setup;
use super::broker::{Broker, Fault, LogRecord, Partition};
use super::memory::{ChangelogReader, ShardState};
use super::record::{self, END, InputMark, PLAN, POSITION, Position, SHAPE, StateShape};
use super::shards::{ShardFilter, ShardMap};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use wirefold_engine::Settings;

/// Where a shard stands, as its changelog tells.
#[derive(Debug, Default)]
pub(super) struct ShardPosition {
    pub(super) shape: Option<StateShape>,
    pub(super) position: Position,
    pub(super) planned: bool,
}

/// Holds `memory` to the settings.
///
/// # Errors
/// [`Fault::Stop`] when it does not fit them, or when the map has changed and the shards do not stand
/// at the same positions.
pub(super) fn fit<B: Broker>(
    broker: &mut B,
    memory: &mut ShardState,
    setup: &Setup,
) -> Result<(), Fault> {
    let features = features(&setup.engine);
    let slice = &setup.slice;
    let map = slice.map.drawn();
    if let Some(found) = &memory.shape {
        if found.features != features {
            return Err(Fault::Stop(
                "the changelog was written under other settings of `engine.text` or \
                 `engine.fingerprint`: what it holds of articles cannot be compared with new ones; \
                 set them back, or begin anew with other topics in `output.state` and `output.stories`"
                    .into(),
            ));
        }
        if found.map == map {
            return Ok(());
        }
    }
    let mut standings = BTreeMap::new();
    for shard in 0..slice.map.shards() {
        let standing = match shard == slice.shard {
            true => ShardPosition {
                shape: memory.shape.clone(),
                position: memory.position.clone(),
                planned: memory.open_plan.is_some(),
            },
            false => of_peer(broker, shard)?,
        };
        standings.insert(shard, standing);
    }
    let common = common(&standings, slice)?;
    if memory.position.batch > 0 && memory.shape.is_some() {
        tracing::warn!(shard = slice.shard, "taking up another map of shards");
    }
    let from = common.iter().map(|(of, mark)| (of.clone(), mark.next)).collect();
    memory.position.inputs = common.into_iter().filter(|(of, _)| slice.fetches(of)).collect();
    memory.shape = Some(StateShape { features, map, from });
    memory.shape_written = false;
    Ok(())
}

/// Names the settings by which articles are made comparable: 16 hexadecimal digits.
fn features(settings: &Settings) -> String {
    let kept = serde_json::json!({ "text": settings.text, "fingerprint": settings.fingerprint });
    let digest = Sha256::digest(kept.to_string().as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads of another shard's changelog what tells where it stands.
fn of_peer<B: Broker>(broker: &mut B, shard: u32) -> Result<ShardPosition, Fault> {
    let mut log = ChangelogReader::default();
    broker.peer(shard, &mut |found: LogRecord| match found.key.as_str() {
        PLAN | END | POSITION | SHAPE => log.take(found, None),
        key if record::is_fence(key) => log.take(found, None),
        _ => Ok(()),
    })?;
    log.standing()
}

/// Where all shards stood when the map changed.
fn common(
    standings: &BTreeMap<u32, ShardPosition>,
    slice: &ShardFilter,
) -> Result<BTreeMap<Partition, InputMark>, Fault> {
    let own = slice.map.drawn();
    let mut common: BTreeMap<Partition, (u32, InputMark)> = BTreeMap::new();
    let mut former: Option<Arc<ShardMap>> = None;
    for (&shard, standing) in standings {
        let moved = standing.shape.as_ref().filter(|shape| shape.map == own);
        if moved.is_none() && standing.shape.is_some() && standing.planned {
            return Err(refused(format!("shard {shard} has not finished its last batch")));
        }
        let marks: BTreeMap<Partition, InputMark> = match moved {
            Some(shape) => {
                let mark = |next| InputMark { next, last: None };
                shape.from.iter().map(|(of, next)| (of.clone(), mark(*next))).collect()
            }
            None => standing.position.inputs.clone(),
        };
        if moved.is_none()
            && let Some(shape) = &standing.shape
        {
            former = ShardMap::read(&shape.map).map(Arc::new);
        }
        for (of, mark) in marks {
            let (other, held) = *common.entry(of.clone()).or_insert((shard, mark));
            if held.next != mark.next {
                return Err(apart(&of, (other, held.next), (shard, mark.next)));
            }
            if held.last.is_none() {
                common.insert(of, (shard, mark));
            }
        }
    }
    let Some(former) = former else { return Ok(marks(common)) };
    for (&shard, standing) in standings.iter().filter(|(shard, _)| **shard < former.shards()) {
        let slice = ShardFilter { map: former.clone(), shard };
        let moved = standing.shape.as_ref().is_some_and(|shape| shape.map == own);
        let unread = |of: &Partition| !standing.position.inputs.contains_key(of);
        let missing = common.iter().find(|(of, _)| !moved && slice.fetches(of) && unread(of));
        if let Some((of, (other, mark))) = missing {
            return Err(apart(of, (*other, mark.next), (shard, 0)));
        }
    }
    Ok(marks(common))
}

fn marks(common: BTreeMap<Partition, (u32, InputMark)>) -> BTreeMap<Partition, InputMark> {
    common.into_iter().map(|(of, (_, mark))| (of, mark)).collect()
}

fn apart(of: &Partition, one: (u32, i64), other: (u32, i64)) -> Fault {
    refused(format!(
        "in `{}` partition {} shard {} stands at {} and shard {} at {}",
        of.topic, of.partition, one.0, one.1, other.0, other.1
    ))
}

fn refused(why: String) -> Fault {
    Fault::Stop(format!(
        "`shards` has changed, and the shards do not stand at the same positions: {why}; set it back, \
         hold the input until every shard has read all of it, stop every instance, and change it then"
    ))
}
