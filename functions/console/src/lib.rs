#![doc = include_str!("../README.md")]

mod files;

use lambda_http::http::response::Builder;
use lambda_http::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use lambda_http::{Body, Request, Response};

use files::{FILES, INDEX, Served};

/// Where the page is.
const PAGE: &str = "/console";
/// The path of its files; the version follows, so that a name never has two contents.
const FILES_BELOW: &str = "/console/files/";

/// Lets the page load its own files and call the API of its own origin, and nothing else. Trusted Types are required
/// and none defined, so the browser refuses every way to turn text into markup or code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::VARY, "accept-encoding"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The page and its files, ready to be served.
#[derive(Debug, Clone)]
pub struct Console {
    version: String,
    page: Served,
    files: Vec<Served>,
}

impl Default for Console {
    fn default() -> Self {
        Self::new()
    }
}

impl Console {
    /// Reads the files that are compiled in, compresses them, and names them by their contents.
    pub fn new() -> Self {
        let version = files::version();
        let index = INDEX.replace("{files}", &format!("{FILES_BELOW}{version}"));
        let files = FILES.iter().map(|file| Served::new(file.name, file.content_type, file.text)).collect();
        Self { version, page: Served::new("", "text/html; charset=utf-8", &index), files }
    }

    /// Answers a request: the page, one of its files, or 404.
    pub fn answer(&self, request: &Request) -> Response<Body> {
        let path = request.uri().path();
        if request.method() != Method::GET {
            let refused = Response::builder().status(StatusCode::METHOD_NOT_ALLOWED);
            return text(refused.header(header::ALLOW, "GET"), "This answers GET.\n");
        }
        if path.trim_end_matches('/') == PAGE {
            return self.page(request);
        }
        match self.file(path) {
            Some(file) => {
                let kept = "public, max-age=31536000, immutable";
                serve(Response::builder().header(header::CACHE_CONTROL, kept), request, file)
            }
            None => text(Response::builder().status(StatusCode::NOT_FOUND), "There is no such file.\n"),
        }
    }

    /// The page itself is revalidated each time, with a 304 while it is unchanged.
    fn page(&self, request: &Request) -> Response<Body> {
        let tag = format!("\"{}\"", self.version);
        let is_known = mentions(request, &header::IF_NONE_MATCH, &tag);
        let answer = Response::builder().header(header::CACHE_CONTROL, "no-cache").header(header::ETAG, tag);
        if is_known {
            return finish(answer.status(StatusCode::NOT_MODIFIED), Body::Empty);
        }
        serve(answer, request, &self.page)
    }

    /// The file of a path, if the path has this version.
    fn file(&self, path: &str) -> Option<&Served> {
        let name = path.strip_prefix(FILES_BELOW)?.strip_prefix(&*self.version)?.strip_prefix('/')?;
        self.files.iter().find(|file| file.name == name)
    }
}

/// True if a header of the request has this word.
fn mentions(request: &Request, name: &HeaderName, word: &str) -> bool {
    let values = request.headers().get_all(name).iter();
    values.filter_map(|value| value.to_str().ok()).any(|value| value.contains(word))
}

/// A file, compressed if the caller accepts that.
fn serve(answer: Builder, request: &Request, file: &Served) -> Response<Body> {
    let answer = answer.header(header::CONTENT_TYPE, file.content_type);
    if mentions(request, &header::ACCEPT_ENCODING, "gzip") {
        let compressed = Body::Binary(file.compressed.clone());
        return finish(answer.header(header::CONTENT_ENCODING, "gzip"), compressed);
    }
    finish(answer, Body::Text(file.text.clone()))
}

fn text(answer: Builder, text: &str) -> Response<Body> {
    finish(answer.header(header::CONTENT_TYPE, "text/plain; charset=utf-8"), Body::Text(text.to_owned()))
}

fn finish(answer: Builder, body: Body) -> Response<Body> {
    // What is set here is well-formed, as the tests show.
    let mut answer = answer.body(body).unwrap_or_default();
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    answer.headers_mut().extend(headers);
    answer
}
