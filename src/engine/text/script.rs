//! Scripts that do not separate words with spaces.

/// Whether `c` belongs to a script that does not separate words.
pub(crate) fn is_unsegmented(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' // Thai, Lao
        | '\u{1000}'..='\u{109f}' // Burmese
        | '\u{1780}'..='\u{17ff}' // Khmer
        | '\u{3040}'..='\u{30ff}' // kana
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' // Han
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}' // half-width kana
        | '\u{20000}'..='\u{323af}')
}

/// Whether `c` belongs to an East Asian script, in which words are not separated by spaces or, as
/// in Korean, particles are attached to words.
pub(crate) fn is_dense(c: char) -> bool {
    c >= '\u{2e80}'
}
