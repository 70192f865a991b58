//! Exact decimal texts of scaled integers. No float is involved in either direction.

/// Text of `value` × 10^-`scale`. `digits`: exactly so many decimals, cut toward zero; `None`: the shortest form.
pub fn format(value: i128, scale: u8, digits: Option<u8>) -> String {
    let text = format!("{:0width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = text.split_at(text.len() - usize::from(scale));
    let fraction = match digits {
        None => fraction.trim_end_matches('0').to_owned(),
        Some(digits) => {
            let digits = usize::from(digits);
            let kept = &fraction[..digits.min(fraction.len())];
            format!("{kept:0<digits$}")
        }
    };
    let nothing_left = whole == "0" && fraction.bytes().all(|byte| byte == b'0');
    let sign = if value < 0 && !nothing_left { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// What people are shown: cut to `display_scale`, then the shortest form.
pub fn format_shown(value: i128, scale: u8, display_scale: u8) -> String {
    if value == 0 {
        return "0".to_owned();
    }
    let cut = value / 10i128.pow(u32::from(scale - display_scale));
    format(cut, display_scale, None)
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
        assert_eq!(format_shown(-19_999_999_999, 16, 8), "-0.00000199");
        assert_eq!(format_shown(1, 16, 8), "0");
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
