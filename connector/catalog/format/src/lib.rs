//! The files of the Looker connector's catalog: facts and words, read, checked and written.
