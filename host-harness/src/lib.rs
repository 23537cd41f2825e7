//! A workflow platform in small: runs connector components in a sandbox.
