//! Checks that the restored state matches the settings, and moves a shard to a changed shard
//! layout.
//!
//! In: the [`StateShape`] in the changelog, and the settings. Out: nothing if they agree; an error
//! if the stored fingerprints of articles cannot be compared with new ones; new positions if the
//! shard layout changed.
//!
//! A new layout may assign an item to another shard. If all shards were at the same positions when
//! the layout changed, no item is lost or processed twice; otherwise the change is refused. The
//! first shard that adopts the new layout records these positions ([`StateShape::from`]). The
//! others are compared with the recorded positions, regardless of what the first shard has read
//! since. A new shard begins at these positions.
//!
//! ```text
//! shard 0  old layout, p0 at 7           ->  new layout from p0 at 7
//! shard 1  old layout, p0 at 7, p1 at 3  ->  new layout from p0 at 7, p1 at 3
//! shard 2  empty                         ->  new layout from p0 at 7, p1 at 3
//! ```

use super::Setup;
use super::broker::{Broker, Fault, LogRecord, Partition};
use super::changelog_reader::ChangelogReader;
use super::memory::ShardState;
use super::record::{self, END, InputMark, PLAN, POSITION, SHAPE, ShardPosition, StateShape};
use super::shards::{ShardFilter, ShardMap};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use wirefold_engine::Settings;

/// Checks `memory` against the settings. If the shard layout changed, moves `memory` to the new
/// one.
///
/// # Errors
/// [`Fault::Stop`] when `memory` does not fit the settings, or when the layout changed and the
/// shards are not at the same positions.
pub(super) fn adopt_layout<B: Broker>(
    broker: &mut B,
    memory: &mut ShardState,
    setup: &Setup,
) -> Result<(), Fault> {
    let features = features(&setup.engine);
    let slice = &setup.slice;
    let map = slice.map.to_json();
    if let Some(found) = &memory.shape {
        if found.features != features {
            return Err(Fault::stop(
                "the changelog was written by a release that computes fingerprints differently, so \
                 its articles cannot be compared with new ones; go back to that release, or start \
                 over with new topics in `output.state` and `output.stories`",
            ));
        }
        if found.map == map {
            return Ok(());
        }
    }
    let mut positions = BTreeMap::new();
    for shard in 0..slice.map.shards() {
        let state = match shard == slice.shard {
            true => ShardPosition {
                shape: memory.shape.clone(),
                position: memory.position.clone(),
                planned: memory.open_plan.is_some(),
            },
            false => of_peer(broker, shard)?,
        };
        positions.insert(shard, state);
    }
    let common = common(&positions, slice)?;
    if memory.position.batch > 0 && memory.shape.is_some() {
        tracing::warn!(shard = slice.shard, "`shards` has changed; adopting the new layout");
    }
    let from = common.iter().map(|(of, mark)| (of.clone(), mark.next)).collect();
    memory.position.inputs = common.into_iter().filter(|(of, _)| slice.fetches(of)).collect();
    memory.shape = Some(StateShape { features, map, from });
    memory.shape_written = false;
    Ok(())
}

/// A hash of the settings that fingerprints depend on: 16 hexadecimal digits.
fn features(settings: &Settings) -> String {
    let tuning = &settings.tuning;
    let kept = serde_json::json!({
        "text": { "words_max": tuning.text.words_max },
        "fingerprint": { "samples_max": tuning.fingerprint.samples_max },
    });
    let digest = Sha256::digest(kept.to_string().as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads another shard's position from its changelog.
fn of_peer<B: Broker>(broker: &mut B, shard: u32) -> Result<ShardPosition, Fault> {
    let mut log = ChangelogReader::default();
    broker.peer_changelog(shard, &mut |found: LogRecord| match found.key.as_str() {
        PLAN | END | POSITION | SHAPE => log.take(found, None),
        key if record::is_fence(key) => log.take(found, None),
        _ => Ok(()),
    })?;
    log.shard_position()
}

/// The positions that all shards had when the layout changed.
///
/// # Errors
/// [`Fault::Stop`] when the positions differ, or when a shard has not finished its last batch.
fn common(
    positions: &BTreeMap<u32, ShardPosition>,
    slice: &ShardFilter,
) -> Result<BTreeMap<Partition, InputMark>, Fault> {
    let layout = slice.map.to_json();
    let mut common: BTreeMap<Partition, (u32, InputMark)> = BTreeMap::new();
    let mut former: Option<Arc<ShardMap>> = None;
    for (&shard, state) in positions {
        let moved = state.shape.as_ref().filter(|shape| shape.map == layout);
        if moved.is_none() && state.shape.is_some() && state.planned {
            return Err(layout_refused(format!("shard {shard} has not finished its last batch")));
        }
        let marks: BTreeMap<Partition, InputMark> = match moved {
            Some(shape) => {
                let mark = |next| InputMark { next, last: None };
                shape.from.iter().map(|(of, next)| (of.clone(), mark(*next))).collect()
            }
            None => state.position.inputs.clone(),
        };
        if moved.is_none()
            && let Some(shape) = &state.shape
        {
            former = ShardMap::from_json(&shape.map).map(Arc::new);
        }
        for (of, mark) in marks {
            let (other, held) = *common.entry(of.clone()).or_insert((shard, mark));
            if held.next != mark.next {
                return Err(positions_differ(&of, (other, held.next), (shard, mark.next)));
            }
            if held.last.is_none() {
                common.insert(of, (shard, mark));
            }
        }
    }
    let Some(former) = former else { return Ok(marks(common)) };
    for (&shard, state) in positions.iter().filter(|(shard, _)| **shard < former.shards()) {
        let slice = ShardFilter { map: former.clone(), shard };
        let moved = state.shape.as_ref().is_some_and(|shape| shape.map == layout);
        let unread = |of: &Partition| !state.position.inputs.contains_key(of);
        let missing = common.iter().find(|(of, _)| !moved && slice.fetches(of) && unread(of));
        if let Some((of, (other, mark))) = missing {
            return Err(positions_differ(of, (*other, mark.next), (shard, 0)));
        }
    }
    Ok(marks(common))
}

/// Drops the shard number that each position carries to say which shard it was taken from.
fn marks(common: BTreeMap<Partition, (u32, InputMark)>) -> BTreeMap<Partition, InputMark> {
    common.into_iter().map(|(of, (_, mark))| (of, mark)).collect()
}

/// The error for two shards at different positions, each given as shard and offset.
fn positions_differ(of: &Partition, one: (u32, i64), other: (u32, i64)) -> Fault {
    layout_refused(format!(
        "in `{}` partition {}, shard {} is at offset {} and shard {} at {}",
        of.topic, of.partition, one.0, one.1, other.0, other.1
    ))
}

/// The error for a layout change that is not possible now.
fn layout_refused(why: String) -> Fault {
    Fault::stop(format!(
        "`shards` has changed, but the shards are not at the same positions: {why}; restore the \
         old `shards`, stop the producers, wait until every shard has read all its input, stop \
         every instance, and then change `shards`"
    ))
}
