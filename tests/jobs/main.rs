//! Jobs in the built component against the practice Looker: each runs, holds at the second run, and survives the failure of
//! each of its requests. Every topic is one file of rows; `trial` runs them.

mod schedules;
mod trial;
mod users;
