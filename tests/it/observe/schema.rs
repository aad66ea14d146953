//! JSON Schema, as far as our schemas use it: a validator is a large package, and this is not.

use serde_json::Value;

/// Where and why `value` doesn't fit `schema`. `None` if it does.
///
/// # Panics
///
/// If the schema uses what isn't known here.
pub(crate) fn misfit(schema: &Value, value: &Value) -> Option<String> {
    let rules = schema.as_object().expect("a schema is an object");
    rules.iter().find_map(|(rule, argument)| {
        let found = match rule.as_str() {
            "$schema" | "title" => None,
            "type" => (!is_of_type(argument, value)).then(|| format!("no {argument}")),
            "enum" => {
                let values = argument.as_array().expect("a list");
                (!values.contains(value)).then(|| format!("none of {argument}"))
            }
            "minimum" => {
                let (least, value) = (argument.as_f64().expect("a number"), value.as_f64());
                value.is_none_or(|value| value < least).then(|| format!("less than {least}"))
            }
            "required" => {
                let names =
                    argument.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name"));
                names.clone().find(|name| value.get(name).is_none()).map(|name| format!("without {name}"))
            }
            "additionalProperties" => {
                assert_eq!(argument, &Value::Bool(false));
                let (known, has) = (&rules["properties"], value.as_object()?);
                has.keys()
                    .find(|name| known.get(name.as_str()).is_none())
                    .map(|name| format!("unknown: {name}"))
            }
            "properties" => {
                let mut known = argument.as_object().expect("an object").iter();
                known
                    .find_map(|(name, schema)| Some(format!("{name}: {}", misfit(schema, value.get(name)?)?)))
            }
            "items" => value.as_array()?.iter().find_map(|item| misfit(argument, item)),
            "oneOf" => {
                let misfits: Vec<_> =
                    argument.as_array().expect("a list").iter().map(|schema| misfit(schema, value)).collect();
                let fits = misfits.iter().filter(|misfit| misfit.is_none()).count();
                (fits != 1).then(|| format!("{fits} of {}: {misfits:?}", misfits.len()))
            }
            unknown => panic!("a rule that is not known: {unknown}"),
        };
        found.map(|why| if why.contains(" in ") { why } else { format!("{why} in {value}") })
    })
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str().expect("a name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        unknown => panic!("a type that is not known: {unknown}"),
    }
}

#[test]
fn a_schema_refuses() {
    let schema: Value = serde_json::from_str(include_str!("chrome_trace.schema.json")).expect("JSON");
    let misfit = |text: &str| misfit(&schema, &serde_json::from_str(text).expect("JSON"));
    let trace =
        |event: &str| format!(r#"{{"displayTimeUnit":"ns","otherData":{{}},"traceEvents":[{event}]}}"#);
    let name = r#"{"ph":"M","name":"thread_name","pid":1,"tid":0,"args":{"name":"main"}}"#;
    assert_eq!(misfit(&trace(name)), None);
    assert_eq!(misfit(&trace("")), None);
    let wrong = [
        ("\"M\"", "\"N\""),
        ("\"tid\":0", "\"tid\":-1"),
        ("\"tid\":0,", ""),
        ("\"main\"", "5"),
        ("\"pid\"", "\"id\""),
    ];
    for (from, to) in wrong {
        assert!(misfit(&trace(&name.replace(from, to))).is_some(), "{from} as {to}");
    }
    assert!(misfit("{}").is_some());
    assert!(misfit("[]").is_some());
}
