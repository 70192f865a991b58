//! The core alone, with ledger, fees and events, one thread. Prints one JSON object; `make bench` makes a table of it.

mod workload;

use std::hint::black_box;
use std::time::Instant;

use cambist_core::{OrderId, Outcome, Soon};
use workload::{
    Check, LINKED, Packed, Shape, W1M, W10K, W10K_CHECK, W100K, W100K_CHECK, funded_core, generate, live_orders,
};

const RUNS: usize = 5;

/// Median commands per second over [`RUNS`] runs, each on a fresh core.
fn measure(shape: Shape, expected: Option<Check>) -> f64 {
    let workload = generate(shape);
    if let Some(expected) = expected {
        assert_eq!(workload.check, expected, "wrong numbers, however fast");
    }
    let mut speeds: Vec<f64> = (0..RUNS)
        .map(|_| {
            let mut core = funded_core(shape);
            let mut outcome = Outcome::default();
            for command in &workload.prefill {
                core.apply(0, &command.command(), &[], &mut outcome);
                core.forget_events(0);
            }
            let start = Instant::now();
            for (at, command) in workload.timed.iter().enumerate() {
                core.warm(at, |at| workload.timed.get(at).map(soon));
                core.apply(0, &command.command(), &[], &mut outcome);
                black_box(&outcome);
                black_box(core.events());
                core.forget_events(0);
            }
            let seconds = start.elapsed().as_secs_f64();
            assert_eq!(live_orders(&core, shape), workload.check.live);
            workload.timed.len() as f64 / seconds
        })
        .collect();
    speeds.sort_by(f64::total_cmp);
    speeds[RUNS / 2]
}

fn soon(command: &Packed) -> Soon {
    Soon { account: command.account, order_id: OrderId(u64::from(command.order_id)) }
}

/// Resident bytes per resting order at a million orders of a thousand accounts, balances aside.
fn bytes_per_order() -> f64 {
    let shape = Shape { prefill: 1_000_000, timed: 0, ..W10K };
    let mut core = funded_core(shape);
    let workload = generate(shape);
    let before = resident_bytes();
    let mut outcome = Outcome::default();
    for command in &workload.prefill {
        core.apply(0, &command.command(), &[], &mut outcome);
        core.forget_events(0);
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
    // A name on the command line measures that one alone: for a profiler.
    let only = std::env::args().nth(1).filter(|name| !name.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let mut figures = Vec::new();
    if wanted("memory") {
        figures.push(format!("\"bytes_per_resting_order\":{:.1}", bytes_per_order()));
    }
    for (name, shape, expected) in [
        ("w10k", W10K, Some(W10K_CHECK)),
        ("linked", LINKED, None),
        ("w100k", W100K, Some(W100K_CHECK)),
        ("w1m", W1M, None),
    ] {
        if wanted(name) {
            figures.push(format!("\"{name}_commands_per_s\":{:.0}", measure(shape, expected)));
        }
    }
    println!("{{{}}}", figures.join(","));
}
