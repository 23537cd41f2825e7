//! The Looker connector.
