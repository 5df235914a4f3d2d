//! The description of a service in `OpenAPI` 3.1, made from its table of routes.

use serde_json::{Map, Value, json};

use super::caller::Policy;
use super::problem::{PROBLEM_JSON, Problem};
use super::route::RouteInfo;
use super::schema::schema_of;

/// The whole document.
pub(super) fn document(name: &str, table: &[RouteInfo]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in table {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.verb.as_str().to_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": format!("EdgeCoder {name}"), "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {
            "schemas": {"Problem": schema_of::<Problem>().0},
            "securitySchemes": {
                "signature": {"type": "apiKey", "in": "header", "name": "Signature",
                    "description": "HTTP message signature (RFC 9421), profile ec1"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    })
}

fn operation(route: &RouteInfo) -> Value {
    let mut responses = json!({
        "default": {"description": "A problem", "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}},
        "2XX": {"description": "Done"},
    });
    if let Some(gives) = route.gives {
        responses["2XX"]["content"] = json!({"application/json": {"schema": gives().0}});
    }
    let mut operation = json!({
        "summary": route.summary,
        "operationId": operation_id(route),
        "x-policy": route.policy.name(),
        "responses": responses,
        "security": security(route),
    });
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(takes) = route.takes {
        operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": takes().0}}});
    }
    operation
}

fn operation_id(route: &RouteInfo) -> String {
    let words = route.path.split(['/', '{', '}', '-', '.']).filter(|word| !word.is_empty());
    let path: Vec<&str> = words.collect();
    format!("{}_{}", route.verb.as_str().to_lowercase(), path.join("_"))
}

fn parameters(route: &RouteInfo) -> Vec<Value> {
    let variables = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut all: Vec<Value> = variables
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    if route.is_idempotent {
        let schema = json!({"type": "string", "pattern": "^[0-9A-Za-z_-]{20,64}$"});
        all.push(json!({"name": "Idempotency-Key", "in": "header", "required": true, "schema": schema}));
    }
    all
}

fn security(route: &RouteInfo) -> Value {
    match route.policy {
        Policy::Public => json!([]),
        Policy::Node | Policy::EnrolledNode => json!([{"signature": []}]),
        Policy::Service | Policy::User | Policy::Operator => {
            json!([{"token": route.scope.into_iter().collect::<Vec<_>>()}])
        }
    }
}
