//! A program as text for people.

/// An operand as text.
pub(super) trait Show {}
impl<T> Show for T {}
