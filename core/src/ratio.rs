//! Exact fractions: a number times one integer, divided by another, rounded the way that is asked for.

/// Which way a product that is not whole goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Up,
    Down,
}

/// `numerator / denominator`, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    numerator: u128,
    denominator: u128,
    /// `multiplier / 2^shift <= ratio < (multiplier + 1) / 2^shift`: for bounds that cost one multiplication.
    multiplier: u64,
    shift: u32,
    /// Too large for the multiplier: then it bounds from below alone.
    vast: bool,
}

const MULTIPLIER_BITS: u32 = 63;

impl Ratio {
    /// Both are positive and below 2^127.
    pub fn new(numerator: u128, denominator: u128) -> Ratio {
        let shared = greatest_common_divisor(numerator, denominator);
        let (numerator, denominator) = (numerator / shared, denominator / shared);
        let bits = |value: u128| 128 - i64::from(value.leading_zeros());
        // The ratio is below 2^(difference + 1).
        let difference = bits(numerator) - bits(denominator);
        let shift = (i64::from(MULTIPLIER_BITS) - 2 - difference).clamp(0, 127) as u32;
        let scaled = multiply_divide(numerator, 1 << shift, denominator).map(|(quotient, _)| quotient);
        let largest = (1 << MULTIPLIER_BITS) - 1;
        let vast = scaled.is_none_or(|scaled| scaled > largest);
        let multiplier = if vast { largest as u64 } else { scaled.expect("not vast") as u64 };
        Ratio { numerator, denominator, multiplier, shift, vast }
    }

    /// `value × ratio`, a whole number. `None` beyond 128 bits.
    #[inline]
    pub fn of(&self, value: u128, rounding: Rounding) -> Option<u128> {
        let (quotient, exact) = multiply_divide(value, self.numerator, self.denominator)?;
        match rounding {
            Rounding::Up if !exact => quotient.checked_add(1),
            Rounding::Up | Rounding::Down => Some(quotient),
        }
    }

    /// No more than `value × ratio` rounded down.
    #[inline]
    pub fn at_least(&self, value: u64) -> u128 {
        (u128::from(value) * u128::from(self.multiplier)) >> self.shift
    }

    /// No less than `value × ratio` rounded down.
    #[inline]
    pub fn at_most(&self, value: u64) -> u128 {
        if self.vast { u128::MAX } else { (u128::from(value) * u128::from(self.multiplier + 1)) >> self.shift }
    }
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// (`a × b / divisor` rounded down, whether nothing was rounded). `None` beyond 128 bits.
#[inline]
pub(crate) fn multiply_divide(a: u128, b: u128, divisor: u128) -> Option<(u128, bool)> {
    match a.checked_mul(b) {
        Some(product) => {
            let quotient = product / divisor;
            Some((quotient, quotient * divisor == product))
        }
        None => {
            let (high, low) = multiply(a, b);
            let (quotient, rest) = divide(high, low, divisor)?;
            Some((quotient, rest == 0))
        }
    }
}

const HALF: u128 = u64::MAX as u128;

/// The 256 bits of a product: (high, low).
fn multiply(a: u128, b: u128) -> (u128, u128) {
    let (a_high, a_low, b_high, b_low) = (a >> 64, a & HALF, b >> 64, b & HALF);
    let lowest = a_low * b_low;
    let (first, second) = (a_high * b_low, a_low * b_high);
    let middle = (lowest >> 64) + (first & HALF) + (second & HALF);
    let high = a_high * b_high + (first >> 64) + (second >> 64) + (middle >> 64);
    (high, middle << 64 | lowest & HALF)
}

/// 256 bits by 128, digit by digit of 64 bits (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D). `None`: the quotient has more than 128 bits.
fn divide(high: u128, low: u128, divisor: u128) -> Option<(u128, u128)> {
    if high >= divisor {
        return None;
    }
    let shift = divisor.leading_zeros();
    let divisor = divisor << shift;
    let (high, low) = if shift == 0 { (high, low) } else { (high << shift | low >> (128 - shift), low << shift) };
    let (first, rest) = digit(high, low >> 64, divisor);
    let (second, rest) = digit(rest, low & HALF, divisor);
    Some((first << 64 | second, rest >> shift))
}

/// One digit of a quotient, and the rest: `rest` and the `next` digit behind it, by a divisor whose first bit is set. `rest < divisor`.
fn digit(rest: u128, next: u128, divisor: u128) -> (u128, u128) {
    let (leading, trailing) = (divisor >> 64, divisor & HALF);
    let (mut guess, mut left) = (rest / leading, rest % leading);
    while guess > HALF || guess * trailing > (left << 64 | next) {
        guess -= 1;
        left += leading;
        if left > HALF {
            break;
        }
    }
    let rest = (rest << 64 | next).wrapping_sub(guess.wrapping_mul(divisor));
    (guess, rest)
}

#[cfg(test)]
mod tests {
    use super::{Ratio, Rounding, divide, multiply, multiply_divide};
    use proptest::prelude::*;

    /// Numbers of every size, and next to powers of two.
    fn number() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0..128u32, 0..3u32).prop_map(|(bits, shift, kind)| match kind {
            0 => bits >> shift,
            1 => (1 << shift) - 1,
            _ => 1 << shift,
        })
    }

    /// Bit by bit.
    fn plain_division(high: u128, low: u128, divisor: u128) -> (u128, u128) {
        let (mut quotient, mut rest) = (0, high);
        for bit in (0..128).rev() {
            let carries = rest >> 127 == 1;
            rest = rest << 1 | low >> bit & 1;
            quotient <<= 1;
            if carries || rest >= divisor {
                rest = rest.wrapping_sub(divisor);
                quotient |= 1;
            }
        }
        (quotient, rest)
    }

    proptest! {
        #[test]
        fn a_quotient_times_the_divisor_and_the_rest_are_the_product(a in number(), b in number(), divisor in number()) {
            prop_assume!(divisor > 0);
            let (high, low) = multiply(a, b);
            match divide(high, low, divisor) {
                None => prop_assert!(high >= divisor),
                Some(found) => {
                    prop_assert_eq!(found, plain_division(high, low, divisor));
                    prop_assert_eq!(multiply_divide(a, b, divisor), Some((found.0, found.1 == 0)));
                }
            }
        }

        #[test]
        fn a_wide_product_is_the_sum_of_its_parts(a in number(), b in any::<u64>()) {
            let b = u128::from(b);
            let (high, low) = multiply(a, b);
            prop_assert_eq!(low, a.wrapping_mul(b));
            prop_assert_eq!(high, ((a >> 64) * b + (((a & super::HALF) * b) >> 64)) >> 64);
        }

        #[test]
        fn bounds_hold(value in any::<u64>(), a in number(), b in number()) {
            let (a, b) = ((a >> 1).max(1), (b >> 1).max(1));
            let ratio = Ratio::new(a, b);
            let exact = ratio.of(u128::from(value), Rounding::Down);
            prop_assert!(ratio.at_least(value) <= exact.unwrap_or(u128::MAX));
            prop_assert!(exact.is_none_or(|exact| exact <= ratio.at_most(value)));
        }
    }

    #[test]
    fn rounding_goes_the_way_that_is_asked_for() {
        let ratio = Ratio::new(10, 4);
        assert_eq!([1, 2].map(|value| ratio.of(value, Rounding::Up)), [Some(3), Some(5)]);
        assert_eq!([1, 2].map(|value| ratio.of(value, Rounding::Down)), [Some(2), Some(5)]);
        assert_eq!(Ratio::new(1 << 126, 1).of(4, Rounding::Down), None);
    }
}
