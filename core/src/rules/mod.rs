//! What each command does (docs/internals/core.md): all checks before the first change.

mod cancel;
mod linked;
mod linking;
mod live;
mod look_ahead;
mod matching;
mod pairs;
mod place;
mod replace;
mod setup;
mod stops;
mod time;
mod trailing;
mod transfers;
