//! What is printed once the system listens.

use std::fmt::Write as _;
use std::path::Path;

use super::Place;
use crate::System;
use crate::template::RouteMethod;

pub(super) fn text(system: &System, place: &Place, variables: &Path) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut text, system, place, variables);
    text
}

fn write_all(text: &mut String, system: &System, place: &Place, variables: &Path) -> std::fmt::Result {
    let (url, authorization) = (system.url(), system.authorization());
    writeln!(
        text,
        "listening on {url} (DynamoDB on {}, SQS on {}, KMS on {})",
        system.dynamodb_url(),
        system.sqs_url(),
        system.kms_url()
    )?;
    writeln!(text, "\nRoutes:")?;
    for function in &system.template().functions {
        for route in &function.routes {
            let method = match &route.method {
                RouteMethod::Any => "ANY",
                RouteMethod::Only(method) => method.as_str(),
            };
            writeln!(text, "  {method} {} -> {}", route.path, function.binary)?;
        }
    }
    let variables = variables.display();
    match place {
        Place::Here => {}
        Place::Lambda(url) => {
            writeln!(text, "\nThe functions are called at {url}; their variables are in {variables}.")?;
        }
        Place::Watched(address) => writeln!(
            text,
            "\nThe functions run under cargo lambda watch on http://{address}; their variables are in {variables}.\n\
             Change their code, and the next call rebuilds them."
        )?,
    }
    writeln!(text, "\nConsole, already signed in:\n\n  {}", system.console())?;
    writeln!(text, "\nAuthorization: {authorization}\n")?;
    writeln!(text, "{}", EXAMPLE.replace("{url}", url).replace("{authorization}", &authorization))
}

/// From an instance to an event, to paste line by line.
const EXAMPLE: &str = r#"Try it. A receiver in another terminal:

  python3 -c '
import http.server
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["content-length"])).decode())
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8080), Receiver).serve_forever()'

An instance that delivers to it, and a webhook as Close sends one:

  WEBHOOK_URL=$(curl -s {url}/elements/api-v2/instances \
    -H 'Authorization: {authorization}' \
    -H 'Content-Type: application/json' \
    -d '{"element":{"key":"closeio"},"name":"Test","configuration":{"username":"api_key","event.notification.enabled":"true","event.vendor.type":"webhook","event.notification.callback.url":"http://127.0.0.1:8080/"}}' \
    | grep -o '"webhookUrl":"[^"]*' | cut -d'"' -f4)

  curl -s "$WEBHOOK_URL" -H 'Content-Type: application/json' \
    -d '{"model":"lead","event":"create","data":{"id":"lead_1","name":"Wayne Enterprises"}}'

Each event is shown here as it passes. Ctrl-C stops the system.
"#;
