//! Exact decimal texts of scaled integers. No float is involved in either direction.

/// Text of `value` × 10^-`scale`. `digits`: exactly so many decimals, cut toward zero; `None`: the shortest form.
pub fn format(value: i128, scale: u8, digits: Option<u8>) -> String {
    let mut text = String::new();
    append(&mut text, value, scale, digits);
    text
}

/// What people are shown: cut to `display_scale`, then the shortest form.
pub fn append_shown(text: &mut Vec<u8>, value: i128, scale: u8, display_scale: u8) {
    if value == 0 {
        text.push(b'0');
        return;
    }
    let cut = u32::from(scale - display_scale);
    // Dividing 128 bits costs several times as much as dividing 64.
    let shown = match u64::try_from(value) {
        Ok(small) => i128::from(small / 10u64.pow(cut)),
        Err(_) => value / 10i128.pow(cut),
    };
    append_magnitude(text, shown.unsigned_abs(), display_scale, None, shown < 0);
}

/// Decimal digits of the largest value.
const DIGITS: usize = 39;

/// The same as `format` for a value that is not negative, at the end of bytes.
#[cfg(feature = "python")]
pub fn append_bytes(out: &mut Vec<u8>, value: u128, scale: u8, digits: Option<u8>) {
    append_magnitude(out, value, scale, digits, false);
}

/// A time in µs since 1970 as `2018-06-01T12:34:56.789Z`, with so many decimals of a second (0 to 6).
#[cfg(feature = "python")]
pub fn append_utc(out: &mut Vec<u8>, micros: u128, digits: u8) {
    let micros = u64::try_from(micros).unwrap_or(u64::MAX);
    let (days, within) = (micros / 86_400_000_000, micros % 86_400_000_000);
    // Days from 0000-03-01 on, in eras of 400 years: leap days then stand at the ends of years.
    let since_march = days + 719_468;
    let (era, day_of_era) = (since_march / 146_097, since_march % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (seconds, fraction) = (within / 1_000_000, within % 1_000_000);
    append_padded(out, year, 4);
    for (mark, value) in
        [(b'-', month), (b'-', day), (b'T', seconds / 3_600), (b':', seconds / 60 % 60), (b':', seconds % 60)]
    {
        out.push(mark);
        append_padded(out, value, 2);
    }
    if digits > 0 {
        out.push(b'.');
        append_padded(out, fraction / 10_u64.pow(6 - u32::from(digits)), usize::from(digits));
    }
    out.push(b'Z');
}

#[cfg(feature = "python")]
fn append_padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut buffer = [b'0'; DIGITS];
    let digits = write_digits(&mut buffer, u128::from(value));
    out.extend_from_slice(&ZEROS[..width.saturating_sub(digits.len())]);
    out.extend_from_slice(digits);
}

fn append(text: &mut String, value: i128, scale: u8, digits: Option<u8>) {
    append_magnitude(text, value.unsigned_abs(), scale, digits, value < 0);
}

/// What digits are written to.
trait Text {
    fn put(&mut self, digits: &[u8]);
}

impl Text for String {
    fn put(&mut self, digits: &[u8]) {
        self.push_str(ascii(digits));
    }
}

impl Text for Vec<u8> {
    fn put(&mut self, digits: &[u8]) {
        self.extend_from_slice(digits);
    }
}

const ZEROS: [u8; 256] = [b'0'; 256];

#[inline]
fn append_magnitude(text: &mut impl Text, value: u128, scale: u8, digits: Option<u8>, negative: bool) {
    let scale = usize::from(scale);
    let mut buffer = [b'0'; DIGITS];
    let all = write_digits(&mut buffer, value);
    // What the value has of digits before and behind the point; a small one has leading zeros behind it that stand nowhere yet.
    let (whole, behind) = all.split_at(all.len().saturating_sub(scale));
    let zeros = scale - behind.len();
    let kept = match digits {
        None if behind.iter().all(|digit| *digit == b'0') => 0,
        None => zeros + behind.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1),
        Some(digits) => usize::from(digits),
    };
    let shown = &behind[..kept.saturating_sub(zeros).min(behind.len())];
    if negative && whole.iter().chain(shown).any(|digit| *digit != b'0') {
        text.put(b"-");
    }
    text.put(if whole.is_empty() { b"0" } else { whole });
    if kept > 0 {
        let before = zeros.min(kept);
        text.put(b".");
        text.put(&ZEROS[..before]);
        text.put(shown);
        text.put(&ZEROS[..kept - before - shown.len()]);
    }
}

fn ascii(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).expect("digits are ASCII")
}

/// 00, 01, ... 99.
const PAIRS: [u8; 200] = {
    let mut pairs = [b'0'; 200];
    let mut at = 0;
    while at < 100 {
        pairs[at * 2] = b'0' + (at / 10) as u8;
        pairs[at * 2 + 1] = b'0' + (at % 10) as u8;
        at += 1;
    }
    pairs
};

/// The digits of `value` at the end of `buffer`; none for 0.
fn write_digits(buffer: &mut [u8; DIGITS], mut value: u128) -> &[u8] {
    let mut at = DIGITS;
    // Wide division is slow, and few values need it for long.
    while value > u128::from(u64::MAX) {
        at -= 1;
        buffer[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let mut small = value as u64;
    while small >= 100 {
        let pair = (small % 100) as usize * 2;
        small /= 100;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    while small > 0 {
        at -= 1;
        buffer[at] = b'0' + (small % 10) as u8;
        small /= 10;
    }
    &buffer[at..]
}

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// Not digits with at most one point and an optional exponent.
    NotANumber,
    /// More significant decimals than the scale has.
    TooPrecise,
    /// 2^96 or more.
    TooLarge,
}

const LARGEST: u128 = 1 << 96;

/// Non-negative decimal text to an integer of `scale`; blanks around it and an exponent are accepted.
pub fn parse(text: &str, scale: u8) -> Result<u128, ParseError> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let text = text.strip_prefix('+').unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        None => (text, 0),
        Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return Err(ParseError::NotANumber);
    }
    let fraction = fraction.trim_end_matches('0');
    let mut value: u128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value * 10 + u128::from(digit - b'0');
        // Checked digit by digit, so a text of a million digits ends early and nothing overflows.
        if value >= LARGEST * 10u128.pow(7) {
            return Err(ParseError::TooLarge);
        }
    }
    shift(value, i64::from(scale) + exponent - fraction.len() as i64)
}

fn parse_exponent(text: &str) -> Result<i64, ParseError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ParseError::NotANumber);
    }
    let exponent: i64 = digits.parse().map_err(|_| ParseError::NotANumber)?;
    Ok(if negative { -exponent } else { exponent })
}

/// `value` × 10^`places`, exactly.
fn shift(mut value: u128, places: i64) -> Result<u128, ParseError> {
    if value == 0 {
        return Ok(0);
    }
    for _ in 0..places.max(0) {
        value *= 10;
        if value >= LARGEST {
            return Err(ParseError::TooLarge);
        }
    }
    for _ in places.min(0)..0 {
        if value % 10 != 0 {
            return Err(ParseError::TooPrecise);
        }
        value /= 10;
    }
    if value >= LARGEST { Err(ParseError::TooLarge) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        for (value, scale, digits, text) in [
            (0, 8, None, "0"),
            (165_607_577, 7, None, "16.5607577"),
            (999, 8, None, "0.00000999"),
            (100_000, 8, Some(8), "0.00100000"),
            (118_000_000_000, 8, Some(8), "1180.00000000"),
            (-5, 1, None, "-0.5"),
            (-5, 3, Some(1), "0.0"),
            (1_999, 3, Some(1), "1.9"),
            (7, 0, None, "7"),
            (7, 0, Some(2), "7.00"),
            (i128::MIN, 0, None, "-170141183460469231731687303715884105728"),
        ] {
            assert_eq!(format(value, scale, digits), text);
        }
        for (value, text) in [(-19_999_999_999, "-0.00000199"), (1, "0"), (0, "0"), (123 * 10i128.pow(16), "123")] {
            let mut shown = Vec::new();
            append_shown(&mut shown, value, 16, 8);
            assert_eq!(shown, text.as_bytes());
        }
    }

    #[test]
    fn parses() {
        use ParseError::{NotANumber, TooLarge, TooPrecise};
        for (text, scale, result) in [
            ("100.500", 3, Ok(100_500)),
            ("0.50000000", 3, Ok(500)),
            ("1e-05", 8, Ok(1_000)),
            ("1.0E-5", 8, Ok(1_000)),
            (" 7 ", 0, Ok(7)),
            (".5", 1, Ok(5)),
            ("5.", 1, Ok(50)),
            ("0e999999", 8, Ok(0)),
            ("1e3", 0, Ok(1_000)),
            ("100e-2", 0, Ok(1)),
            ("0.001", 2, Err(TooPrecise)),
            ("1e40", 0, Err(TooLarge)),
            ("99999999999999999999999999999999999999999999999999", 0, Err(TooLarge)),
            ("1e9999999", 0, Err(NotANumber)),
            ("-1", 0, Err(NotANumber)),
            ("NaN", 0, Err(NotANumber)),
            ("1_0", 0, Err(NotANumber)),
            ("", 0, Err(NotANumber)),
            (".", 0, Err(NotANumber)),
            ("1.2.3", 3, Err(NotANumber)),
            ("٣", 0, Err(NotANumber)),
        ] {
            assert_eq!(parse(text, scale), result, "{text}");
        }
    }
}
