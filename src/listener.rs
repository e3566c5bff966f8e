//! evconnlistener.
