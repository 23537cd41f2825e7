//! The tests that need the whole: component, host and practice Looker. Each file beside this one is one topic.
