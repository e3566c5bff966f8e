//! evutil: what programs and the rest of the engine share.
pub mod addr;
pub mod env;
pub mod families;
pub mod getaddrinfo;
mod numeric;
pub mod resolve;
pub mod secure_random;
pub mod socket;
pub mod text;
pub mod time;
pub mod weak_random;
