//! evutil: what programs and the rest of the engine share. (Owner: the util work.)
