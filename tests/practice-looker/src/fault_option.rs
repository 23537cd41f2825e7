//! The value of the option `--fail`.

use std::{str::FromStr, time::Duration};

use practice_looker::{Fault, PracticeLooker};

/// Requests that get a fault: `METHOD PATH TIMES FAULT`, where `FAULT` is a status (`503`) or a delay of the real response
/// (`2s`).
#[derive(Debug, Clone)]
pub struct FaultOption {
    method: String,
    path_prefix: String,
    times: usize,
    fault: Fault,
}

impl FaultOption {
    /// Adds the fault to the plan of a practice Looker.
    pub fn apply(self, looker: &PracticeLooker) {
        looker.fail_on(&self.method, &self.path_prefix, self.times, self.fault);
    }
}

impl FromStr for FaultOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [method, path_prefix, times, what] = words[..] else {
            return Err(
                "expected four words: METHOD PATH TIMES STATUS|DELAY, for example 'GET /users 2 503'".to_owned()
            );
        };
        let times = times.parse().map_err(|_| format!("{times} is not a number"))?;
        Ok(Self { method: method.to_owned(), path_prefix: path_prefix.to_owned(), times, fault: fault(what)? })
    }
}

fn fault(what: &str) -> Result<Fault, String> {
    match what.parse::<u16>() {
        Ok(status @ 400..=599) => return Ok(Fault::status(status)),
        Ok(status) => return Err(format!("{status} is not an error status; use one from 400 to 599")),
        Err(_) => {}
    }
    let delay: Duration = humantime::parse_duration(what)
        .map_err(|_| format!("{what} is neither a status (503) nor a duration (2s, 500ms)"))?;
    Ok(Fault::Delay(delay))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_or_delay_is_parsed() {
        let option: FaultOption = "POST /users 2 503".parse().unwrap();
        assert_eq!((option.method.as_str(), option.path_prefix.as_str(), option.times), ("POST", "/users", 2));
        assert!(matches!(option.fault, Fault::Response { status: 503, .. }));
        let option: FaultOption = "* / 1 500ms".parse().unwrap();
        assert!(matches!(option.fault, Fault::Delay(delay) if delay == Duration::from_millis(500)));
    }

    #[test]
    fn invalid_values_are_rejected_with_a_reason() {
        for (text, reason) in [
            ("GET /users 503", "four words"),
            ("GET /users often 503", "often is not a number"),
            ("GET /users 1 200", "200 is not an error status"),
            ("GET /users 1 later", "later is neither"),
        ] {
            assert!(text.parse::<FaultOption>().unwrap_err().contains(reason), "{text}");
        }
    }
}
