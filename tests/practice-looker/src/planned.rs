//! What goes wrong, as the command line says it.

use std::{str::FromStr, time::Duration};

use practice_looker::{Fault, PracticeLooker};

/// Requests that go wrong: `METHOD PATH TIMES WHAT`, where `WHAT` is a status (`503`) or how much later the right answer
/// comes (`2s`).
#[derive(Debug, Clone)]
pub struct Planned {
    method: String,
    path_prefix: String,
    times: usize,
    fault: Fault,
}

impl Planned {
    /// Has the practice Looker do it.
    pub fn apply(self, looker: &PracticeLooker) {
        looker.fail_on(&self.method, &self.path_prefix, self.times, self.fault);
    }
}

impl FromStr for Planned {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [method, path_prefix, times, what] = words[..] else {
            return Err("give four words: METHOD PATH TIMES STATUS|DELAY, such as 'GET /users 2 503'".to_owned());
        };
        let times = times.parse().map_err(|_| format!("{times} is not a number of times"))?;
        Ok(Self { method: method.to_owned(), path_prefix: path_prefix.to_owned(), times, fault: fault(what)? })
    }
}

fn fault(what: &str) -> Result<Fault, String> {
    match what.parse::<u16>() {
        Ok(status @ 400..=599) => return Ok(Fault::status(status)),
        Ok(status) => return Err(format!("{status} is not the status of a failure: give one from 400 to 599")),
        Err(_) => {}
    }
    let delay: Duration = humantime::parse_duration(what)
        .map_err(|_| format!("{what} is neither a status (503) nor a time (2s, 500ms)"))?;
    Ok(Fault::Delay(delay))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_or_a_delay_is_understood() {
        let planned: Planned = "POST /users 2 503".parse().unwrap();
        assert_eq!((planned.method.as_str(), planned.path_prefix.as_str(), planned.times), ("POST", "/users", 2));
        assert!(matches!(planned.fault, Fault::Answer { status: 503, .. }));
        let planned: Planned = "* / 1 500ms".parse().unwrap();
        assert!(matches!(planned.fault, Fault::Delay(delay) if delay == Duration::from_millis(500)));
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        for (text, reason) in [
            ("GET /users 503", "four words"),
            ("GET /users often 503", "often is not a number"),
            ("GET /users 1 200", "200 is not the status of a failure"),
            ("GET /users 1 later", "later is neither"),
        ] {
            assert!(text.parse::<Planned>().unwrap_err().contains(reason), "{text}");
        }
    }
}
