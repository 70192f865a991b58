//! The native module `cambist._core`. Only this folder knows Python; `src/cambist/_core.pyi` is its typed surface.

mod columns;
mod command_runs;
mod converted_books;
mod engine;
mod events;
mod forms;
mod header_fields;
mod history;
mod journal;
mod json_names;
mod level_book;
mod numbers;
mod once_only_nonces;
mod replay;
mod rows;
mod signatures;
mod snapshots;
mod trade_log;
mod views;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::outcome::RejectReason;
use crate::types;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("WORLD", types::WORLD)?;
    module.add("FEES", types::FEES)?;
    module.add("COUPONS", types::COUPONS)?;
    module.add("WITHDRAWALS", types::WITHDRAWALS)?;
    module.add("MERCHANTS", types::MERCHANTS)?;
    module.add("CONVERSION", types::CONVERSION)?;
    module.add("FIRST_USER_ACCOUNT", types::FIRST_USER_ACCOUNT)?;
    module.add("ALL_MARKETS", types::ALL_MARKETS)?;
    module.add("BOTH_SIDES", types::BOTH_SIDES)?;
    module.add("NO_FEE_OVERRIDE", types::NO_FEE_OVERRIDE)?;
    module.add("MAX_ATOMS", types::MAX_ATOMS)?;
    module.add("RATE_ONE", crate::linked::RATE_ONE)?;
    module.add("MAX_RATE", crate::linked::MAX_RATE)?;
    let rejects = PyDict::new(py);
    for reject in RejectReason::ALL {
        rejects.set_item(reject as u16, reject.name())?;
    }
    module.add("REJECTS", rejects)?;
    command_runs::register(module)?;
    engine::register(module)?;
    events::register(module)?;
    forms::register(module)?;
    header_fields::register(module)?;
    history::register(module)?;
    journal::register(module)?;
    json_names::register(module)?;
    level_book::register(module)?;
    numbers::register(module)?;
    once_only_nonces::register(module)?;
    rows::register(module)?;
    signatures::register(module)?;
    snapshots::register(module)?;
    trade_log::register(module)?;
    views::register(module)
}
