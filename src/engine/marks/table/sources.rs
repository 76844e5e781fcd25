//! The documents that describe the marks, and groups of agencies that use the same marks.

/// AP.
pub(super) const AP: &str = "AP, guide to wire terms: kills, withholds, writethrus, corrections";
/// Reuters.
pub(super) const REUTERS: &str =
    "Reuters Handbook of Journalism: corrections, refiles, kills, repeats";
/// dpa.
pub(super) const DPA: &str = "dpa, stylebook: hold, kill, lead, correction, note to editors";
/// IPTC codes.
pub(super) const IPTC: &str = "IPTC NewsCodes: signal, genre, EdStat; NewsML 1: instruction";
/// Keyword lines in ANPA 1312.
pub(super) const ANPA: &str = "ANPA 1312: keyword line";
/// The Canadian Press.
pub(super) const CP: &str = "The Canadian Press Stylebook: corrections and kills";
/// AFP.
pub(super) const AFP: &str = "AFP Stylebook: leads, corrections, annulments";
/// EFE.
pub(super) const EFE: &str = "Agencia EFE, Libro del estilo urgente";
/// For forms that agencies use, but that no public document describes.
pub(super) const HABIT: &str = "habit";

/// Services in English, which share their forms.
pub(super) const ENGLISH: &str =
    "AP Reuters AFP dpa PA CP AAP PTI Xinhua Kyodo Yonhap Anadolu TASS MENA";
