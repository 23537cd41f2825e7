//! The tests that need the whole: component, host, command line and practice Looker.
