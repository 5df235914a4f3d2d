//! Functions that stand in for the interpreter's own in the slots of many classes.
//!
//! A slot holds a plain function, so every function that is replaced has a stand-in of its own that knows, by its number,
//! what it replaced. Classes that shared a function share its stand-in: the interpreter compares slots by address.

use std::cell::{Cell, RefCell};

/// Functions of one kind that can be replaced.
pub(crate) const STAND_INS_MAX: usize = 128;

/// What was replaced, by number.
pub(crate) struct Table<F: Copy + 'static> {
    originals: [Cell<Option<F>>; STAND_INS_MAX],
    addresses: RefCell<Vec<usize>>,
}

impl<F: Copy> Table<F> {
    pub(crate) const fn new() -> Self {
        Self { originals: [const { Cell::new(None) }; STAND_INS_MAX], addresses: RefCell::new(Vec::new()) }
    }

    /// What the stand-in of this number replaced.
    #[inline]
    pub(crate) fn original(&self, number: usize) -> Option<F> {
        self.originals.get(number).and_then(Cell::get)
    }

    /// The number for a function at an address, which is new the first time.
    pub(crate) fn number(&self, original: F, address: usize) -> usize {
        let mut addresses = self.addresses.borrow_mut();
        let number = addresses.iter().position(|known| *known == address).unwrap_or_else(|| {
            addresses.push(address);
            addresses.len() - 1
        });
        match self.originals.get(number) {
            Some(place) => place.set(Some(original)),
            None => crate::boot::boot_failed("more functions to replace than there are stand-ins"),
        }
        number
    }
}

/// The stand-ins of a kind: `numbered!(function)` is `[function::<0>, …, function::<127>]`.
macro_rules! numbered {
    ($function:ident) => {
        $crate::charge::table::numbered!(@ $function, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127)
    };
    (@ $function:ident, $($number:literal)*) => { [$($function::<$number>),*] };
}
pub(crate) use numbered;
