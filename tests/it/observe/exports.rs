//! What traces are written as: for trace viewers, as a page, as a picture.

use super::schema::misfit;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{FailurePolicy, Graph, GraphBuilder, Recorder, RunOptions, Trace};
use dgraph_tests::yields::yields;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

over_typed_runners!(
    chrome_traces_fit_their_schema,
    flows_join_slices,
    the_page_has_what_was_recorded,
    the_picture_is_xml,
);

/// A name that every format has to escape.
const NASTY: &str = "</script><!--]]>\"\\&\u{1}\u{2028}é🦀";

/// Of everything a little: a graph as a node, a future that waits, a failure and who is behind it.
fn recorded(runner: &Runner) -> Trace {
    let mut inner = GraphBuilder::new();
    let one = inner.node("one", (), || thread::sleep(Duration::from_micros(200)));
    inner.node("two", (one,), |(): &()| ());
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let nasty = graph.node(NASTY, (), || thread::sleep(Duration::from_micros(300)));
    let waits = graph.async_node("waits", (nasty,), async |(): &()| yields(2).await);
    graph.graph("part", (nasty,), inner, |_: &mut Graph<'_>, (): &()| {}, |_| ());
    let fails = graph.try_node("fails", (waits,), |(): &()| Err::<(), _>("planned"));
    graph.node("", (fails,), |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let recorder = Arc::new(Recorder::with_capacity(3, 100));
    let options = RunOptions::new().observer(recorder.clone()).policy(FailurePolicy::KeepGoing);
    for _ in 0..2 {
        assert!(runner.typed_with(&mut graph, &options).is_err());
    }
    recorder.trace()
}

fn chrome(trace: &Trace) -> Vec<Value> {
    let text = trace.to_chrome().to_string();
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let schema: Value = serde_json::from_str(include_str!("chrome_trace.schema.json")).expect("JSON");
    assert_eq!(misfit(&schema, &json), None);
    json["traceEvents"].as_array().expect("a list").clone()
}

/// A time in nanoseconds.
fn nanos(event: &Value, field: &str) -> i64 {
    let micros = event[field].as_f64().expect("a number");
    (micros * 1000.0).round() as i64
}

fn chrome_traces_fit_their_schema(runner: &Runner) {
    let trace = recorded(runner);
    let events = chrome(&trace);
    let of = |phase: &str| events.iter().filter(|event| event["ph"] == phase).cloned().collect::<Vec<_>>();
    let slices = of("X");
    let expected: Vec<_> =
        trace.spans().map(|span| (span.path(), (span.end() - span.begin()).as_nanos())).collect();
    let found: Vec<_> = slices
        .iter()
        .map(|slice| {
            (
                slice["args"]["path"].as_str().expect("text").to_string(),
                u128::try_from(nanos(slice, "dur")).expect("positive"),
            )
        })
        .collect();
    assert_eq!(found, expected);
    let waits = slices.iter().filter(|slice| slice["args"]["outcome"] == "waits").count();
    assert!(waits >= 2 * 2, "each run's future is not ready twice");
    for category in ["run", "wait"] {
        let all = [of("b"), of("e")].map(|all| {
            let mut all: Vec<_> = all.into_iter().filter(|event| event["cat"] == category).collect();
            all.sort_by_key(|event| event["id"].to_string());
            all
        });
        let [begins, ends] = all;
        assert_eq!(begins.len(), if category == "run" { 4 } else { waits });
        assert!(begins.iter().map(|event| &event["id"]).eq(ends.iter().map(|event| &event["id"])));
    }
    assert_eq!(
        of("i").iter().map(|event| event["name"].as_str()).collect::<Vec<_>>(),
        [Some("#4 skipped"); 2]
    );
    assert_eq!(of("M").len(), 1 + trace.threads().len());
}

/// Each edge between two nodes that ran is a flow; it begins in the slice of the one and ends in that of the
/// other.
fn flows_join_slices(runner: &Runner) {
    let events = chrome(&recorded(runner));
    let slices: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
    let slice_at = |event: &Value| {
        let at = nanos(event, "ts");
        let within = |slice: &&&Value| {
            let begin = nanos(slice, "ts");
            slice["tid"] == event["tid"] && (begin..=begin + nanos(slice, "dur")).contains(&at)
        };
        let found = slices.iter().filter(within).map(|slice| slice["args"]["path"].as_str().expect("text"));
        found.map(str::to_string).collect::<Vec<_>>()
    };
    let mut flows: HashMap<u64, [Vec<String>; 2]> = HashMap::new();
    for event in &events {
        let place = match event["ph"].as_str() {
            Some("s") => 0,
            Some("f") => 1,
            _ => continue,
        };
        flows.entry(event["id"].as_u64().expect("a number")).or_default()[place] = slice_at(event);
    }
    let joins = |from: &str, to: &str| {
        let has = |paths: &[String], wanted: &str| paths.iter().any(|path| path == wanted);
        flows.values().filter(|[begins, ends]| has(begins, from) && has(ends, to)).count()
    };
    assert_eq!(flows.len(), 2 * 4);
    for (from, to) in [(NASTY, "waits"), (NASTY, "part"), ("waits", "fails"), ("part/one", "part/two")] {
        assert_eq!(joins(from, to), 2, "{from} to {to}");
    }
}

/// The data of the page.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script type="application/json" id="data">"#).expect("in the page");
    let (data, rest) = rest.split_once("</script>").expect("in the page");
    assert_eq!(rest.matches("</script>").count(), 1, "no name ends the script");
    serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"))
}

fn the_page_has_what_was_recorded(runner: &Runner) {
    let trace = recorded(runner);
    let page = trace.to_html().to_string();
    for stranger in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(stranger), "the page fetches something: {stranger}");
    }
    let data = data(&page);
    let number = |value: &Value| value.as_u64().expect("a number");
    assert_eq!(data["graphs"].as_array().expect("a list").len(), 2);
    assert_eq!(data["graphs"][0]["names"][0], NASTY);
    let runs = data["runs"].as_array().expect("a list");
    let paths: Vec<_> = runs.iter().map(|run| run["path"].as_str().expect("text")).collect();
    assert_eq!(paths, ["", "part", "", "part"]);
    let spans = data["spans"].as_array().expect("a list");
    let spans: usize = spans.iter().map(|thread| thread.as_array().expect("a list").len()).sum();
    assert_eq!(spans, 5 * trace.spans().count());
    // What the nodes of a graph take that is a node is not counted twice.
    let took = |span: dgraph_exec::Span<'_>| (span.end() - span.begin()).as_nanos() as u64;
    let work: u64 = trace.spans().filter(|span| span.path() != "part").map(took).sum();
    assert_eq!(number(&data["work"]), work);
    let nodes = data["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 6);
    for node in nodes {
        let of = |span: &dgraph_exec::Span<'_>| node["path"] == span.path();
        assert_eq!(number(&node["total"]), trace.spans().filter(of).map(took).sum::<u64>());
        assert_eq!(node["runs"], 2);
        assert!(number(&node["critical"]) <= 2);
    }
    let waiting = &data["waiting"];
    let threads = number(&waiting["threads"]);
    let [busy, dependency, wake_up] =
        ["busy", "idle_dependency", "idle_wake_up"].map(|what| number(&waiting[what]));
    assert!(busy + dependency + wake_up <= number(&waiting["wall"]) * threads);
    assert!(threads >= trace.runs()[0].threads() as u64 && busy > 0);
    for run in runs.iter().filter(|run| run["path"] == "") {
        let critical: Vec<_> = run["critical"].as_array().expect("a list").iter().map(number).collect();
        assert!(critical == [0, 1, 3] || critical == [0, 2], "{critical:?}");
        assert!(number(&run["length"]) <= number(&run["end"]) - number(&run["begin"]));
    }
}

/// What opens is closed, and there is nothing but text between.
fn the_picture_is_xml(runner: &Runner) {
    let trace = recorded(runner);
    let svg = trace.to_svg(900).to_string();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    let mut open = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a tag ends");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).expect("a name");
        match (tag.starts_with('/'), tag.ends_with('/')) {
            (true, _) => assert_eq!(open.pop(), Some(name)),
            (false, true) => {}
            (false, false) => open.push(name),
        }
    }
    assert!(open.is_empty());
    assert!(svg.contains("&lt;/script&gt;&lt;!--]]&gt;&quot;\\&amp; "), "{svg}");
}

/// A trace of nothing is written like any other.
#[test]
fn nothing_at_all() {
    let trace = Recorder::new().trace();
    assert_eq!(chrome(&trace).len(), 1);
    assert_eq!(data(&trace.to_html().to_string())["nodes"].as_array().map(Vec::len), Some(0));
    assert!(trace.to_svg(0).to_string().contains("</svg>"));
}
