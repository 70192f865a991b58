//! The core alone, with ledger, fees and events, one thread. Prints one JSON object; `make bench` makes a table of it.

mod workload;

use std::hint::black_box;
use std::time::Instant;

use workload::{Check, Shape, W1M, W10K, W10K_CHECK, W100K, W100K_CHECK, funded_core, generate};

const RUNS: usize = 5;

/// Median commands per second over [`RUNS`] runs, each on a fresh core.
fn measure(shape: Shape, expected: Option<Check>) -> f64 {
    let workload = generate(shape);
    if let Some(expected) = expected {
        assert_eq!(workload.check, expected, "wrong numbers, however fast");
    }
    let mut speeds: Vec<f64> = (0..RUNS)
        .map(|_| {
            let mut core = funded_core(shape.accounts);
            for command in &workload.prefill {
                core.apply(0, command);
            }
            let start = Instant::now();
            for command in &workload.timed {
                core.apply(0, command);
                black_box(core.events());
            }
            let seconds = start.elapsed().as_secs_f64();
            assert_eq!(core.live_orders(0) as u64, workload.check.live);
            workload.timed.len() as f64 / seconds
        })
        .collect();
    speeds.sort_by(f64::total_cmp);
    speeds[RUNS / 2]
}

/// Resident bytes per resting order at a million orders of a thousand accounts, balances aside.
fn bytes_per_order() -> f64 {
    let mut core = funded_core(1_000);
    let workload = generate(Shape { accounts: 1_000, prefill: 1_000_000, timed: 0 });
    let before = resident_bytes();
    for command in &workload.prefill {
        core.apply(0, command);
    }
    let after = resident_bytes();
    black_box(&core);
    (after - before) as f64 / 1e6
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm.split(' ').nth(1).expect("resident").parse().expect("a number");
    pages * 4096
}

fn main() {
    let per_order = bytes_per_order();
    let w10k = measure(W10K, Some(W10K_CHECK));
    let w100k = measure(W100K, Some(W100K_CHECK));
    let w1m = measure(W1M, None);
    println!(
        "{{\"w10k_commands_per_s\":{w10k:.0},\"w100k_commands_per_s\":{w100k:.0},\"w1m_commands_per_s\":{w1m:.0},\
         \"bytes_per_resting_order\":{per_order:.1}}}"
    );
}
