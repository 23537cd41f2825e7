//! The measured numbers beside their targets.

use serde_json::{Value, json};
use std::fmt;

/// The numbers of one run, in order.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    left_out: Vec<String>,
}

/// One number.
#[derive(Debug)]
struct Row {
    what: String,
    seen: f64,
    unit: Unit,
    wanted: Option<Wanted>,
}

/// The unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A ratio.
    Times,
    /// Microseconds.
    Microseconds,
    /// Bytes.
    Bytes,
    /// Calls per second.
    CallsPerSecond,
    /// Bytes per second.
    BytesPerSecond,
}

/// The target of a number.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// This much or less.
    AtMost(f64),
    /// This much or more.
    AtLeast(f64),
}

impl Report {
    /// Adds a number without a target.
    pub fn note(&mut self, what: impl Into<String>, seen: f64, unit: Unit) {
        self.rows.push(Row { what: what.into(), seen, unit, wanted: None });
    }

    /// Adds a number with a target.
    pub fn check(&mut self, what: impl Into<String>, seen: f64, unit: Unit, wanted: Wanted) {
        self.rows.push(Row { what: what.into(), seen, unit, wanted: Some(wanted) });
    }

    /// Notes that something was not measured, and why.
    pub fn leave_out(&mut self, why: impl Into<String>) {
        self.left_out.push(why.into());
    }

    /// The numbers as a Markdown table.
    pub fn table(&self) -> String {
        let mut table = String::from("| number | seen | wanted | holds |\n| --- | ---: | ---: | --- |\n");
        for Row { what, seen, unit, wanted } in &self.rows {
            let (wanted, holds) = match wanted {
                None => (String::new(), ""),
                Some(wanted) => {
                    let (sign, limit) = match wanted {
                        Wanted::AtMost(most) => ("≤", most),
                        Wanted::AtLeast(least) => ("≥", least),
                    };
                    (format!("{sign} {}", Quantity(*limit, *unit)), if wanted.holds(*seen) { "yes" } else { "**no**" })
                }
            };
            table.push_str(&format!("| {what} | {} | {wanted} | {holds} |\n", Quantity(*seen, *unit)));
        }
        for why in &self.left_out {
            table.push_str(&format!("\nLeft out: {why}.\n"));
        }
        table
    }

    /// The numbers as JSON. Units are part of the names.
    pub fn json(&self) -> Value {
        let rows = self.rows.iter().map(|Row { what, seen, unit, wanted }| {
            let (at_most, at_least) = match wanted {
                Some(Wanted::AtMost(most)) => (Some(most), None),
                Some(Wanted::AtLeast(least)) => (None, Some(least)),
                None => (None, None),
            };
            let holds = wanted.map(|wanted| wanted.holds(*seen));
            json!({
                "number": what, "seen": seen, "unit": unit.name(), "at_most": at_most, "at_least": at_least, "holds": holds,
            })
        });
        json!({"numbers": rows.collect::<Vec<_>>(), "left_out": self.left_out})
    }
}

impl Wanted {
    fn holds(self, seen: f64) -> bool {
        match self {
            Self::AtMost(most) => seen <= most,
            Self::AtLeast(least) => seen >= least,
        }
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Times => "times",
            Self::Microseconds => "microseconds",
            Self::Bytes => "bytes",
            Self::CallsPerSecond => "calls per second",
            Self::BytesPerSecond => "bytes per second",
        }
    }
}

/// A number with its unit, for people.
struct Quantity(f64, Unit);

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KIB: f64 = 1024.0;
        const MIB: f64 = 1024.0 * KIB;
        let Self(number, unit) = *self;
        match unit {
            Unit::Times => write!(formatter, "{number:.2} ×"),
            Unit::Microseconds if number >= 10_000.0 => write!(formatter, "{:.0} ms", number / 1000.0),
            Unit::Microseconds => write!(formatter, "{number:.0} µs"),
            Unit::Bytes if number >= 10.0 * MIB => write!(formatter, "{:.0} MiB", number / MIB),
            Unit::Bytes if number >= MIB => write!(formatter, "{:.2} MiB", number / MIB),
            Unit::Bytes => write!(formatter, "{:.0} KiB", number / KIB),
            Unit::CallsPerSecond => write!(formatter, "{number:.0} a second"),
            Unit::BytesPerSecond => write!(formatter, "{:.0} MiB/s", number / MIB),
        }
    }
}
