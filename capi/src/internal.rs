//! Names that no public header declares: what the original suite and our sibling libraries import.
