//! libFuzzer over the target `held` of `tests/src/fuzz`, which knows what it reads and its law.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gx_tests::fuzz::run("held", bytes));
