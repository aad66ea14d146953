//! Dictionaries of functions whose types were written out, or whose dependencies are the user's own: what
//! doesn't fit is an error.

use dgraph_exec::{
    AsyncFunction, DictionaryError, FnGraph, FnGraphBuilder, FnKey, Functions, PlainFunction, create_graph,
};
use std::future::{Ready, ready};

/// A plain function that gives a future, or an async one: both fit.
fn given() -> Ready<u8> {
    ready(7)
}

fn number() -> u8 {
    1
}

fn text() -> &'static str {
    "text"
}

fn takes_a_number(number: &u8) -> u8 {
    *number
}

fn takes_a_future(_: &Ready<u8>) -> u8 {
    0
}

fn mismatched(builder: FnGraphBuilder) -> Vec<&'static str> {
    let error = builder.build().map(drop).expect_err("it doesn't fit");
    assert_eq!(format!("{error:?}"), error.to_string());
    match error {
        DictionaryError::Mismatched(keys) => keys.iter().map(FnKey::name).collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_function_of_two_kinds() {
    let builder = || FnGraph::builder();
    let plain = builder().function::<_, _, (), PlainFunction, ()>("given", given, &[], ());
    let plain = plain.function::<_, _, (u8,), PlainFunction, (((), AsyncFunction),)>(
        "takes a number",
        takes_a_number,
        &["given"],
        (given,),
    );
    assert_eq!(mismatched(plain), ["takes a number"]);
    let awaited = builder().function::<_, _, (), AsyncFunction, ()>("given", given, &[], ());
    let awaited = awaited.function::<_, _, (Ready<u8>,), PlainFunction, (((), PlainFunction),)>(
        "takes a future",
        takes_a_future,
        &["given"],
        (given,),
    );
    let error = awaited.build().map(drop).expect_err("it doesn't fit");
    assert_eq!(error.to_string(), "dependencies that are not what is taken: takes a future");
    // The same kind in both places.
    let right = builder().function::<_, _, (), AsyncFunction, ()>("given", given, &[], ());
    let right = right.function::<_, _, (u8,), PlainFunction, (((), AsyncFunction),)>(
        "takes a number",
        takes_a_number,
        &["given"],
        (given,),
    );
    assert_eq!(right.build().expect("it fits").run().expect("no panic").get(takes_a_number), Some(&7));
}

/// Says that it is one function that gives a number, and gives these keys.
struct Says(Vec<FnKey>);

impl Functions<()> for Says {
    type Outputs = (u8,);

    fn keys(&self, _: &[&'static str]) -> Vec<FnKey> {
        self.0.clone()
    }
}

#[test]
fn keys_that_are_not_what_the_types_say() {
    let graph = create_graph! { number: [], text: [] }.expect("a valid graph");
    let [number_key, text_key] = *graph.keys() else { panic!("two are listed") };
    let built = |keys: &[FnKey]| {
        let builder = FnGraph::builder().function("number", number, &[], ()).function("text", text, &[], ());
        builder.function("taker", takes_a_number, &[], Says(keys.to_vec()))
    };
    for keys in [&[][..], &[text_key], &[number_key, text_key], &[number_key, number_key]] {
        assert_eq!(mismatched(built(keys)), ["taker"], "{keys:?}");
    }
    let mut graph = built(&[number_key]).build().expect("that is the right one");
    assert_eq!(graph.run().expect("no panic").get(takes_a_number), Some(&1));
}
