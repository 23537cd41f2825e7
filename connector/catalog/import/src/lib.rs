//! Makes the Looker connector's catalog from Looker's own API description.
