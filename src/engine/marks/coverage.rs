//! The meanings that the table covers, by agency.

use super::table::{self, Row};
use super::{Mark, MarkPosition};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The agencies whose forms the table must contain.
const AGENCIES: [&str; 27] = [
    "AP", "Reuters", "AFP", "dpa", "EFE", "ANSA", "TASS", "Interfax", "Xinhua", "Kyodo", "Jiji",
    "Yonhap", "PA", "CP", "AAP", "APA", "Belga", "ANP", "Ritzau", "NTB", "TT", "STT", "PAP",
    "Lusa", "Anadolu", "MENA", "PTI",
];

/// The forms of one agency for one meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The agency.
    pub agency: &'static str,
    /// The meaning.
    pub mark: Mark,
    /// The patterns, in the order of the table.
    pub patterns: Vec<&'static str>,
    /// Where they are documented.
    pub sources: BTreeSet<&'static str>,
    /// Where they count.
    pub places: Vec<MarkPosition>,
}

/// The coverage of every agency in `AGENCIES` for every meaning that the table has for it.
pub fn coverage() -> Vec<Coverage> {
    AGENCIES.iter().flat_map(|agency| of_agency(agency)).collect()
}

fn of_agency(agency: &'static str) -> Vec<Coverage> {
    let mut all: BTreeMap<u8, Coverage> = BTreeMap::new();
    let uses = |row: &&Row| row.agencies.split(' ').any(|name| name == agency);
    for row in table::rows().filter(uses) {
        let entry = all.entry(row.mark as u8).or_insert_with(|| Coverage {
            agency,
            mark: row.mark,
            patterns: Vec::new(),
            sources: BTreeSet::new(),
            places: Vec::new(),
        });
        entry.patterns.extend(row.patterns);
        entry.sources.insert(row.source);
        for place in row.places {
            if !entry.places.contains(place) {
                entry.places.push(*place);
            }
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agency_has_forms_for_every_order_and_revision() {
        let all = coverage();
        for agency in AGENCIES {
            for mark in [Mark::Kill, Mark::Hold, Mark::Release, Mark::Update, Mark::Correction] {
                let has = all.iter().any(|c| c.agency == agency && c.mark == mark);
                assert!(has, "{agency}: {mark:?}");
            }
        }
    }
}
