//! Functions as keys of a dictionary.

use std::any::TypeId;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A function as a key. Functions are equal if they are the same item, whatever they are called by. A pointer
/// to a function is no key, since it shares its type with others: that doesn't compile.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{FnKey, DictionaryError, create_graph};
/// fn egg(_: &u8) -> u8 { 1 }
/// fn hen(_: &u8) -> u8 { 2 }
/// let built = create_graph! { hen: [egg], egg: [hen] };
/// let Err(DictionaryError::Cycle(path)) = built else { panic!("a cycle was expected") };
/// let path: Vec<FnKey> = path;
/// assert!(path[0] == path[2] && path[0] != path[1]);
/// assert_eq!(format!("{} needs {}", path[0], path[1]), "hen needs egg");
/// ```
#[derive(Clone, Copy)]
pub struct FnKey {
    id: TypeId,
    name: &'static str,
}

impl FnKey {
    pub(crate) fn of<F: 'static>(_: &F, name: &'static str) -> Self {
        // Function pointers and closures that capture something share a type with others.
        const {
            assert!(
                size_of::<F>() == 0,
                "a key must be a function, not a pointer to one or a closure with state"
            );
        };
        Self { id: TypeId::of::<F>(), name }
    }

    /// The name by which the function was listed.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::create_graph;
    /// mod tools { pub fn load() -> u8 { 1 } }
    /// let graph = create_graph! { tools::load: [] }?;
    /// assert_eq!(graph.keys()[0].name(), "tools::load"); // as it was written
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl PartialEq for FnKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for FnKey {}

impl Hash for FnKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Debug for FnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for FnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
