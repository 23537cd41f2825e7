//! A stand-in for Looker that answers on loopback, to practise and to test against.
